import { resolve } from "node:path";
import { formatAddress, parseIp, type TargetAddress } from "../../base/mod.ts";
import {
  type AppConfig,
  type Config,
  engineOf,
  type LogConfig,
  type LogServerConfig,
  type TargetConfig,
} from "../../config/mod.ts";
import { processStreamAt } from "../../log/mod.ts";
import { OWN_SOCKET_FILE, UDP_ANY } from "../../net/mod.ts";
import { dialedAt, targetsOf } from "../../app/mod.ts";
import type { NamedListeners } from "../../proxy/mod.ts";
import { UsageError } from "../command.ts";
import { discoveryPermissions } from "./discovery_permissions.ts";
import { nameservers } from "./system_dns.ts";

/** The least permissions that a config needs. */
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
  /** Environment variables that the config refers to. */
  readonly env: readonly string[];
  /** Whether the C library is called, with which a program may do anything. */
  readonly ffi: boolean;
}

/** Facts that the config does not contain. */
export interface LeastPermissionsOptions {
  /** The file that the config is read from; none for a config that is in the program. */
  readonly configFile?: string | undefined;
  /** Files, and folders of patterns, that are read for `include`, and those that are watched. */
  readonly included?: readonly string[];
  /** The environment variables that the config refers to. */
  readonly variables?: readonly string[];
  /** Where the system's own resolver is asked; default any address that it may have. */
  readonly systemDns?: readonly string[];
  /** The addresses of the host names that the config listens on; default none. */
  readonly named?: Pick<NamedListeners, "config" | "admin" | "names">;
  /** Whether it is for an executable, which has the program's files in it; default whether this is one. */
  readonly isCompiled?: boolean;
  /** The folder that relative paths start from; default the working directory. */
  readonly folder?: string;
}

/** Works out the least permissions of a config. */
export function leastPermissions(config: Config, options: LeastPermissionsOptions = {}): LeastPermissions {
  const { configFile, systemDns = nameservers(), folder = Deno.cwd(), named } = options;
  const { included = [], variables = [], isCompiled = Deno.build.standalone } = options;
  // A unix socket stands on the runtime's list by its whole path alone.
  const whole = <A extends TargetAddress>(address: A): A =>
    address.kind === "unix" ? { ...address, path: resolve(folder, address.path) } : address;
  const targets = config.apps.flatMap((app) => targetsOf(app).map((target) => ({ target, app })));
  // The runtime counts a unix socket as a network address and as a file.
  const sockets = [
    ...config.apps.flatMap((app) => app.listen),
    ...targets.map(({ target }) => target.address),
  ].map(whole).flatMap((address) => address.kind === "unix" ? [address.path] : []);
  const { admin, log } = config;
  const logs = [log.access, log.destination].filter((one) => typeof one === "object")
    .map((one) => logServer(one, folder));
  const discoveries = config.apps.map((app) => discoveryPermissions(app, systemDns));
  return {
    net: discoveries.some(({ net }) => net === true) ? true : unique([
      // The runtime allows to look up a name only where it allows the name on every port.
      ...(named?.names ?? []).map(({ name }) => name),
      ...(named?.config ?? config).apps.flatMap((app) => app.listen.map(whole).map(formatAddress)),
      ...targets.flatMap(({ target, app }) => netOf({ ...target, address: whole(target.address) }, app)),
      ...discoveries.flatMap(({ net }) => net === true ? [] : net),
      ...(named?.admin ?? given(admin?.listen)).map(formatAddress),
      ...logs.flatMap(({ net }) => net),
    ]),
    read: unique([
      ...given(configFile),
      ...included,
      ...config.apps.flatMap(tlsFiles),
      ...discoveries.flatMap(({ read }) => read),
      ...given(admin?.tokenFile),
      ...sockets,
      ...isCompiled ? [] : workerFiles(config),
      ...logs.flatMap(({ read }) => read),
    ]),
    write: unique([...given(logFile(log.access)), ...sockets, ...logs.flatMap(({ write }) => write)]),
    env: unique(variables),
    ffi: engineOf(config) === "native",
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
    ["--allow-env", permissions.env],
  ];
  const parts = flags.flatMap(([flag, values]) => {
    if (values === true) return [flag];
    for (const value of values) refuseParted(value);
    return values.length === 0 ? [] : [`${flag}=${values.join(",")}`];
  });
  return permissions.ffi ? [...parts, "--allow-ffi"] : parts;
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

/** The addresses at which a target is dialed and checked. */
function netOf(target: TargetConfig, app: AppConfig): string[] {
  const dialed = dialedAt(target, app);
  const checked = target.healthCheck?.port;
  const addresses = checked === undefined
    ? dialed
    : [...dialed, ...dialed.map((one) => one.kind === "tcp" ? { ...one, port: checked } : one)];
  return addresses.map(formatAddress);
}

/** The access log's file; none where it goes to a stream of the process, which needs no permission. */
function logFile(access: LogConfig["access"]): string | undefined {
  return typeof access === "string" && processStreamAt(access) === undefined ? access : undefined;
}

/** What a log server takes: its address, and that of the socket which datagrams are sent from. */
function logServer(
  { server }: LogServerConfig,
  folder: string,
): { net: string[]; read: string[]; write: string[] } {
  const named = ["/etc/hostname"];
  if (server.kind === "udp" || server.kind === "tcp") {
    const { kind, host, port } = server;
    const isName = parseIp(host) === undefined;
    // A name's addresses are sent to by number.
    const looked = kind === "udp" && isName ? [host, `:${port}`] : [];
    const own = kind === "tcp"
      ? []
      : [UDP_ANY.ipv4, UDP_ANY.ipv6].filter((any) => isName || any.includes(":") === host.includes(":"));
    return {
      net: [
        formatAddress({ kind: "tcp", host, port }),
        ...looked,
        ...own.map((any) => formatAddress({ kind: "tcp", host: any, port: UDP_ANY.port })),
      ],
      read: named,
      write: [],
    };
  }
  const paths = ["path" in server ? resolve(folder, server.path) : SYSTEMD_SYSLOG, OWN_SOCKET_FILE];
  return {
    net: paths.map((path) => formatAddress({ kind: "unix", path })),
    read: paths,
    write: paths,
  };
}

/** What stands for this system's syslog: the runtime lets no list name a path in /dev. */
const SYSTEMD_SYSLOG = "/run/systemd/journal/dev-log";

function tlsFiles({ tls, targetTls }: AppConfig): string[] {
  return [
    ...(tls?.certificates ?? []).flatMap(({ cert, key, keyPassphraseFile }) =>
      given(cert, key, keyPassphraseFile)
    ),
    ...given(tls?.clientCa, tls?.clientCrl),
    ...given(targetTls?.ca, targetTls?.crl, targetTls?.cert, targetTls?.key, targetTls?.keyPassphraseFile),
  ];
}

/** Each thread loads the program's files anew, with the permissions of the process; only a compiled program has them within. */
function workerFiles(config: Config): string[] {
  const files = ["../..", "../../../config.yaml"].map((path) => new URL(path, import.meta.url));
  const isAlone = config.workers === 1 && engineOf(config) === "runtime";
  return isAlone || files.some(({ protocol }) => protocol !== "file:")
    ? []
    : files.map(({ pathname }) => decodeURIComponent(pathname).replace(/\/$/, ""));
}

function given<T>(...values: readonly (T | undefined)[]): T[] {
  return values.filter((value) => value !== undefined);
}

function unique(values: readonly string[]): string[] {
  return [...new Set(values)];
}
