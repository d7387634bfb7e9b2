import { type Address, formatAddress } from "../base/mod.ts";
import type { AppConfig, Config } from "../config/mod.ts";

/** What the runtime must allow for a config to run, and nothing more. */
export interface LeastPermissions {
  /** Addresses that are listened on and dialed: the runtime has one list for both. */
  readonly net: readonly string[];
  /** Files that are read: the config, and unix sockets. */
  readonly read: readonly string[];
  /** Files that are written: the access log, and unix sockets. */
  readonly write: readonly string[];
}

/**
 * Works out the least permissions of a config.
 *
 * @param configFile the file that the config is read from; none for a config that is in the program.
 */
export function leastPermissions(config: Config, configFile?: string): LeastPermissions {
  const addresses = config.apps.flatMap((
    app,
  ) => [...app.listen, ...app.targets.flatMap((target) => dialed(target, app))]);
  // The runtime counts a unix socket as a network address and as a file.
  const sockets = addresses.flatMap((address) => address.kind === "unix" ? [address.path] : []);
  const { access } = config.log;
  return {
    net: unique(addresses.map(formatAddress)),
    read: unique([...(configFile === undefined ? [] : [configFile]), ...sockets]),
    write: unique([...(typeof access === "string" ? [access] : []), ...sockets]),
  };
}

/** As flags of `deno run`, those that are needed. */
export function permissionFlags(permissions: LeastPermissions): string[] {
  const flags: [string, readonly string[]][] = [
    ["--allow-net", permissions.net],
    ["--allow-read", permissions.read],
    ["--allow-write", permissions.write],
  ];
  return flags
    .filter(([, values]) => values.length > 0)
    // A comma parts the values; one that belongs to a value is doubled.
    .map(([flag, values]) => `${flag}=${values.map((value) => value.replaceAll(",", ",,")).join(",")}`);
}

/** What a target is dialed at: `host:*` at every port that its app listens on. */
function dialed({ address }: AppConfig["targets"][number], app: AppConfig): Address[] {
  if (address.kind !== "same_port") return [address];
  return app.listen.flatMap((listen): Address[] =>
    listen.kind === "tcp" ? [{ kind: "tcp", host: address.host, port: listen.port }] : []
  );
}

function unique(values: readonly string[]): string[] {
  return [...new Set(values)];
}
