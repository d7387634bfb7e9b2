import { resolve } from "node:path";
import { formatAddress, type TargetAddress } from "../../base/mod.ts";
import type { AppConfig, Config, TargetConfig } from "../../config/mod.ts";
import { processStreamAt } from "../../log/mod.ts";
import { dialedAt, targetsOf } from "../../app/mod.ts";
import type { NamedListeners } from "../../proxy/mod.ts";
import { UsageError } from "../command.ts";
import { nameservers } from "./system_dns.ts";

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

/** What a config does not say. */
export interface LeastPermissionsOptions {
  /** The file that the config is read from; none for a config that is in the program. */
  readonly configFile?: string | undefined;
  /** Where the system's own resolver is asked; default any address that it may have. */
  readonly systemDns?: readonly string[];
  /** What the names stand for that the config listens on; default it has none. */
  readonly named?: Pick<NamedListeners, "config" | "admin" | "names">;
  /** The folder that relative paths start from; default the working directory. */
  readonly folder?: string;
}

/** Works out the least permissions of a config. */
export function leastPermissions(config: Config, options: LeastPermissionsOptions = {}): LeastPermissions {
  const { configFile, systemDns = nameservers(), folder = Deno.cwd(), named } = options;
  // A unix socket stands on the runtime's list by its whole path alone.
  const whole = <A extends TargetAddress>(address: A): A =>
    address.kind === "unix" ? { ...address, path: resolve(folder, address.path) } : address;
  const targets = config.apps.flatMap((app) => targetsOf(app).map((target) => ({ target, app })));
  // The runtime counts a unix socket as a network address and as a file.
  const sockets = [
    ...config.apps.flatMap((app) => app.listen),
    ...targets.map(({ target }) => target.address),
  ].map(whole).flatMap((address) => address.kind === "unix" ? [address.path] : []);
  const { admin, log: { access } } = config;
  return {
    net: targets.some(({ target }) => target.discover === "srv") ? true : unique([
      // The runtime allows to look up a name only where it allows the name on every port.
      ...(named?.names ?? []).map(({ name }) => name),
      ...(named?.config ?? config).apps.flatMap((app) => app.listen.map(whole).map(formatAddress)),
      ...targets.flatMap(({ target, app }) =>
        netOf({ ...target, address: whole(target.address) }, app, systemDns)
      ),
      ...(named?.admin ?? given(admin?.listen)).map(formatAddress),
    ]),
    read: unique([
      ...given(configFile),
      ...config.apps.flatMap(tlsFiles),
      ...given(admin?.tokenFile),
      ...sockets,
      ...workerFiles(config),
    ]),
    write: unique([...given(logFile(access)), ...sockets]),
  };
}

/**
 * As flags of `deno run`, those that are needed.
 *
 * @throws {UsageError} for a path that cannot be in one.
 */
export function permissionFlags(permissions: LeastPermissions): string[] {
  const flags: [string, readonly string[] | true][] = [
    ["--allow-net", permissions.net],
    ["--allow-read", permissions.read],
    ["--allow-write", permissions.write],
  ];
  return flags.flatMap(([flag, values]) => {
    if (values === true) return [flag];
    for (const value of values) refuseParted(value);
    return values.length === 0 ? [] : [`${flag}=${values.join(",")}`];
  });
}

function refuseParted(value: string): void {
  const fault = value.includes(",")
    ? "a comma, where the runtime parts a list"
    : /\s/.test(value)
    ? "a space, where a shell parts what $(…) gives"
    : undefined;
  if (fault === undefined) return;
  throw new UsageError(`permissions: the path "${value}" has ${fault}; use one without it`);
}

/** What a target is dialed and checked at; where a name is resolved by ourselves, the resolver too. */
function netOf(target: TargetConfig, app: AppConfig, systemDns: readonly string[]): string[] {
  const { discover } = target;
  const dialed = dialedAt(target, app);
  const checked = target.healthCheck?.port;
  const addresses = checked === undefined
    ? dialed
    : [...dialed, ...dialed.map((one) => one.kind === "tcp" ? { ...one, port: checked } : one)];
  if (discover !== "dns") return addresses.map(formatAddress);
  const { nameserver } = app.dns;
  return [
    // The answers are dialed by number, and the runtime's list knows a name and its numbers as different things.
    ...addresses.flatMap((one) => one.kind === "tcp" ? [`:${one.port}`, formatAddress(one)] : []),
    ...(nameserver === undefined ? systemDns : [formatAddress(nameserver)]),
  ];
}

/** The access log's file; none where it goes to a stream of the process, which needs no permission. */
function logFile(access: boolean | string): string | undefined {
  return typeof access === "string" && processStreamAt(access) === undefined ? access : undefined;
}

function tlsFiles({ tls, targetTls }: AppConfig): string[] {
  return [
    ...(tls?.certificates ?? []).flatMap(({ cert, key }) => [cert, key]),
    ...given(tls?.clientCa, targetTls?.ca, targetTls?.cert, targetTls?.key),
  ];
}

/** Each thread loads the program's files anew, with the permissions of the process; only a compiled program has them within. */
function workerFiles({ workers }: Config): string[] {
  const { protocol, pathname } = new URL("../..", import.meta.url);
  return workers === 1 || protocol !== "file:" || Deno.build.standalone
    ? []
    : [decodeURIComponent(pathname).replace(/\/$/, "")];
}

function given<T>(...values: readonly (T | undefined)[]): T[] {
  return values.filter((value) => value !== undefined);
}

function unique(values: readonly string[]): string[] {
  return [...new Set(values)];
}
