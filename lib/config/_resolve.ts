import { dirname, isAbsolute, join } from "node:path";
import { expandListenRange, formatAddress, portsOf } from "../base/mod.ts";
import type { TargetAddress } from "../base/mod.ts";
import { BUILT_IN_APP_OPTIONS } from "./_app.ts";
import type { ParsedApp } from "./_app.ts";
import type { ParsedRoot } from "./_root.ts";
import type { AppConfig, BandwidthConfig, Config } from "./config.ts";

/** Fills in what was left out and makes addresses of ports. Relative paths are joined to the base directory. */
export function resolve(root: ParsedRoot, baseDirectory: string | undefined): Config {
  const { access } = root.log;
  return {
    log: { ...root.log, access: typeof access === "string" ? resolvePath(access, baseDirectory) : access },
    shutdown: { drainTimeoutMs: root.shutdown.drain_timeout, delayMs: root.shutdown.delay },
    apps: root.apps.map((app) => resolveApp(app, root.defaults, baseDirectory)),
  };
}

/** The folder that a config file's relative paths start from. */
export function folderOf(file: string): string {
  return dirname(file);
}

function resolveApp(
  app: ParsedApp,
  defaults: ParsedRoot["defaults"],
  baseDirectory: string | undefined,
): AppConfig {
  const options = { ...BUILT_IN_APP_OPTIONS, ...given(defaults), ...given(app) };
  const ports = (app.ports ?? []).flatMap(portsOf);
  return {
    name: app.name,
    ports,
    listen: [
      ...ports.map((port) => ({ kind: "tcp", host: options.host, port }) as const),
      ...(app.listen ?? []).flatMap(expandListenRange)
        .map((address) => resolveAddress(address, baseDirectory)),
    ],
    targets: app.targets.map((target) => {
      const address = resolveAddress(target.address, baseDirectory);
      return { ...target, address, label: formatAddress(address) };
    }),
    balance: options.balance,
    connectTimeoutMs: options.connect_timeout,
    connectDeadlineMs: options.connect_deadline,
    idleTimeoutMs: options.idle_timeout,
    halfCloseTimeoutMs: options.half_close_timeout,
    maxLifetimeMs: options.max_lifetime,
    bandwidth: resolveBandwidth(options.bandwidth),
  };
}

function resolveBandwidth(bandwidth: { upload?: number; download?: number }): BandwidthConfig {
  const { upload = Infinity, download = Infinity } = bandwidth;
  return {
    upload: upload === Infinity ? undefined : upload,
    download: download === Infinity ? undefined : download,
  };
}

/** Without the keys whose value is `undefined`, which a config made in code may have. */
function given<T extends object>(options: T): Partial<T> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Partial<T>;
}

function resolveAddress<A extends TargetAddress>(address: A, baseDirectory: string | undefined): A {
  return address.kind === "unix" ? { ...address, path: resolvePath(address.path, baseDirectory) } : address;
}

function resolvePath(path: string, baseDirectory: string | undefined): string {
  return baseDirectory === undefined || isAbsolute(path) ? path : join(baseDirectory, path);
}
