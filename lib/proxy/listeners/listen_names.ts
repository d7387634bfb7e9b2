import { type Address, errorMessage, formatAddress, parseIp, type TcpAddress } from "../../base/mod.ts";
import type { Config } from "../../config/parsed.ts";
import { lookUpName, ResolveError } from "../../dial/mod.ts";
import { isMissingHere } from "../../listen/mod.ts";
import { StartError } from "../start_error.ts";

/** The addresses of a host name in `host`, `listen` or `admin.listen`. */
export interface ListenName {
  readonly name: string;
  /** The bound addresses; the name itself where the runtime's permissions forbid the lookup. */
  readonly hosts: readonly string[];
  /** Addresses of the name whose family this machine lacks. */
  readonly missing: readonly string[];
  readonly mayLookUp: boolean;
}

/** A config whose listeners have IP addresses in place of names. */
export interface NamedListeners {
  readonly config: Config;
  /** Where the admin API listens; empty for a config without it. */
  readonly admin: readonly TcpAddress[];
  /** One for each name of the config, in its order. */
  readonly names: readonly ListenName[];
}

export interface ListenNamesOptions {
  /** The addresses of a name; default the system's own lookup, for at most 5 s. */
  readonly lookUp?: (name: string) => Promise<readonly string[]>;
  /** Whether this machine lacks the address's family; default a try to bind it. */
  readonly isMissing?: (address: TcpAddress) => boolean;
}

/**
 * Gives each listener on a name all addresses of the name, each as a listener of its own: the runtime would bind the
 * first alone. Asks the system once for each name, and not at all for a config without names.
 *
 * An address whose family the machine lacks is left out while others remain (`localhost` where IPv6 is off). One that
 * belongs to another machine is not: binding it fails, and says so.
 *
 * @throws {StartError} when a name has no address, or stands for one that is listened on already.
 */
export async function resolveListenNames(
  config: Config,
  options: ListenNamesOptions = {},
): Promise<NamedListeners> {
  const { admin } = config;
  const claims: Claim[] = [
    ...(admin === undefined ? [] : [{ who: "admin", address: admin.listen }]),
    ...config.apps.flatMap(({ name, listen }) =>
      listen.map((address) => ({ who: `app "${name}"`, address }))
    ),
  ];
  const firsts = new Map<string, { readonly who: string; readonly address: TcpAddress }>();
  for (const { who, address } of claims) {
    if (isNamed(address) && !firsts.has(address.host)) firsts.set(address.host, { who, address });
  }
  if (firsts.size === 0) return { config, admin: admin === undefined ? [] : [admin.listen], names: [] };
  const names = await Promise.all(
    [...firsts.values()].map(({ who, address }) => resolveName(who, address, options)),
  );
  const hosts = new Map(names.map((name) => [name.name, name.hosts]));
  refuseSecondClaims(claims, hosts);
  return {
    config: {
      ...config,
      apps: config.apps.map((app) => ({ ...app, listen: app.listen.flatMap((one) => numbered(one, hosts)) })),
    },
    admin: admin === undefined ? [] : numbered(admin.listen, hosts),
    names,
  };
}

interface Claim {
  /** As in `start app "web"`. */
  readonly who: string;
  readonly address: Address;
}

function isNamed(address: Address): address is TcpAddress {
  return address.kind === "tcp" && parseIp(address.host) === undefined;
}

async function resolveName(
  who: string,
  address: TcpAddress,
  options: ListenNamesOptions,
): Promise<ListenName> {
  const { lookUp = lookUpName, isMissing = isMissingHere } = options;
  const name = address.host;
  let found: readonly string[];
  try {
    found = await lookUp(name);
  } catch (error) {
    // Allowed by name and port alone (`--allow-net=name:80`): the runtime still binds the first address of the name.
    if (error instanceof ResolveError && error.code === "EPERM") {
      return { name, hosts: [name], missing: [], mayLookUp: false };
    }
    throw new StartError(
      `start ${who}: listen on ${formatAddress(address)}: ${
        errorMessage(error)
      }; give an IP address, or try again`,
      { cause: error },
    );
  }
  if (found.length === 0) {
    throw new StartError(
      `start ${who}: listen on ${formatAddress(address)}: the name "${name}" has no address; ` +
        "correct it, or add it to /etc/hosts or the DNS",
    );
  }
  const missing = found.length === 1 ? [] : found.filter((host) => isMissing({ ...address, host }));
  // With none left, binding shall say what is wrong.
  const hosts = missing.length === found.length ? found : found.filter((host) => !missing.includes(host));
  return { name, hosts, missing: hosts === found ? [] : missing, mayLookUp: true };
}

function numbered<A extends Address>(address: A, hosts: ReadonlyMap<string, readonly string[]>): A[] {
  if (!isNamed(address)) return [address];
  const found = hosts.get(address.host);
  if (found === undefined || found.includes(address.host)) return [address];
  return found.map((host) => ({ ...address, host, name: address.host }));
}

/** Two spellings of one address pass the check of the config, which looks nothing up. */
function refuseSecondClaims(claims: readonly Claim[], hosts: ReadonlyMap<string, readonly string[]>): void {
  const holders = new Map<string, Claim>();
  for (const each of claims) {
    for (const address of numbered(each.address, hosts)) {
      if (address.kind === "tcp" && address.port === 0) continue;
      const key = formatAddress(address);
      const holder = holders.get(key);
      holders.set(key, each);
      if (holder === undefined) continue;
      throw new StartError(
        `start ${each.who}: listen on ${
          formatAddress(each.address)
        }: it stands for ${key}, which ${holder.who} ` +
          `listens on by ${formatAddress(holder.address)}; remove one of them`,
      );
    }
  }
}
