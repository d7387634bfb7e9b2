import { formatAddress } from "../base/mod.ts";
import type { AppConfig, Config, TargetConfig } from "../config/mod.ts";
import { dialedAt, targetsOf } from "../proxy/mod.ts";

/** What the runtime must allow for a config to run, and nothing more. */
export interface LeastPermissions {
  /**
   * Addresses that are listened on and dialed: the runtime has one list for both. `true` is every address, where a
   * config leaves it to the DNS which ports there are.
   */
  readonly net: readonly string[] | true;
  /** Files that are read: the config, certificates and keys, the admin API's token, and unix sockets. */
  readonly read: readonly string[];
  /** Files that are written: the access log, and unix sockets. */
  readonly write: readonly string[];
}

/** Where the system's own resolver is asked; its address is for the system to know. */
const SYSTEM_DNS = ":53";

/**
 * Works out the least permissions of a config.
 *
 * @param configFile the file that the config is read from; none for a config that is in the program.
 */
export function leastPermissions(config: Config, configFile?: string): LeastPermissions {
  const targets = config.apps.flatMap((app) => targetsOf(app).map((target) => ({ target, app })));
  // The runtime counts a unix socket as a network address and as a file.
  const sockets = [
    ...config.apps.flatMap((app) => app.listen),
    ...targets.map(({ target }) => target.address),
  ]
    .flatMap((address) => address.kind === "unix" ? [address.path] : []);
  const { admin, log: { access } } = config;
  return {
    net: targets.some(({ target }) => target.discover === "srv") ? true : unique([
      ...config.apps.flatMap((app) => app.listen.map(formatAddress)),
      ...targets.flatMap(({ target, app }) => netOf(target, app)),
      ...(admin === undefined ? [] : [formatAddress(admin.listen)]),
    ]),
    read: unique([
      ...given(configFile),
      ...config.apps.flatMap(tlsFiles),
      ...given(admin?.tokenFile),
      ...sockets,
      ...workerFiles(config),
    ]),
    write: unique([...(typeof access === "string" ? [access] : []), ...sockets]),
  };
}

/** As flags of `deno run`, those that are needed. */
export function permissionFlags(permissions: LeastPermissions): string[] {
  const flags: [string, readonly string[] | true][] = [
    ["--allow-net", permissions.net],
    ["--allow-read", permissions.read],
    ["--allow-write", permissions.write],
  ];
  return flags.flatMap(([flag, values]) => {
    if (values === true) return [flag];
    // A comma parts the values; one that belongs to a value is doubled.
    return values.length === 0
      ? []
      : [`${flag}=${values.map((value) => value.replaceAll(",", ",,")).join(",")}`];
  });
}

/** What a target is dialed and checked at; where a name is resolved by ourselves, the resolver too. */
function netOf(target: TargetConfig, app: AppConfig): string[] {
  const { discover } = target;
  const dialed = dialedAt(target, app);
  const checked = app.healthCheck?.port;
  const addresses = checked === undefined
    ? dialed
    : [...dialed, ...dialed.map((one) => one.kind === "tcp" ? { ...one, port: checked } : one)];
  if (discover !== "dns") return addresses.map(formatAddress);
  const { nameserver } = app.dns;
  return [
    // The answers are dialed by number, and the runtime's list knows a name and its numbers as different things.
    ...addresses.flatMap((one) => one.kind === "tcp" ? [`:${one.port}`, formatAddress(one)] : []),
    nameserver === undefined ? SYSTEM_DNS : formatAddress(nameserver),
  ];
}

function tlsFiles({ tls, targetTls }: AppConfig): string[] {
  return [
    ...(tls?.certificates ?? []).flatMap(({ cert, key }) => [cert, key]),
    ...given(tls?.clientCa, targetTls?.ca, targetTls?.cert, targetTls?.key),
  ];
}

/** Each thread loads the program's files anew, with the permissions of the process; only a compiled program has them within. */
function workerFiles({ workers }: Config): string[] {
  const { protocol, pathname } = new URL("..", import.meta.url);
  return workers === 1 || protocol !== "file:" || Deno.build.standalone
    ? []
    : [decodeURIComponent(pathname).replace(/\/$/, "")];
}

function given(...values: readonly (string | undefined)[]): string[] {
  return values.filter((value) => value !== undefined);
}

function unique(values: readonly string[]): string[] {
  return [...new Set(values)];
}
