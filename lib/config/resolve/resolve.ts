import { expandListenRange, portsOf } from "../../base/mod.ts";
import { BUILT_IN_APP_OPTIONS } from "../schema/app/app.ts";
import type { ParsedApp, ParsedAppOptions } from "../schema/app/app.ts";
import { type Base, resolveAddress, resolvePath } from "./paths.ts";
import { resolveOptions, resolveTarget } from "./resolve_options.ts";
import type { ParsedIncluded, ParsedRoot } from "../schema/root.ts";
import type { ParsedLogServer } from "../schema/log/log_server.ts";
import type { AdminConfig, AppConfig, Config } from "../model/config.ts";
import type { LogServerConfig } from "../model/log_config.ts";

/** An included file, and where its relative paths start. */
export interface ResolvableFile {
  readonly parsed: ParsedIncluded;
  readonly base: Base;
}

/**
 * Fills in what was left out and makes addresses of ports. Relative paths are joined to the base of the file that they are
 * in.
 */
export function resolve(root: ParsedRoot, base: Base, included: readonly ResolvableFile[] = []): Config {
  const { access, destination } = root.log;
  const common = { defaults: given(root.defaults), base };
  const files: readonly ResolvableFile[] = [{ parsed: { ...root, defaults: {} }, base }, ...included];
  return {
    workers: root.workers,
    log: {
      level: root.log.level,
      ...root.log.format,
      destination: destination === "stderr" ? undefined : resolveLogServer(destination, base),
      access: typeof access === "string"
        ? resolvePath(access, base)
        : typeof access === "boolean"
        ? access
        : resolveLogServer(access, base),
      accessIntervalMs: root.log.access_interval,
      tcpInfo: root.log.tcp_info,
    },
    admin: resolveAdmin(root.admin, base),
    shutdown: { drainTimeoutMs: root.shutdown.drain_timeout, delayMs: root.shutdown.delay },
    otel: root.otel === "off" ? undefined : {
      traces: root.otel.traces,
      metrics: root.otel.metrics,
      intervalMs: root.otel.interval,
    },
    watch: root.watch,
    onReload: root.on_reload,
    engine: root.engine,
    sandbox: root.sandbox,
    apps: files.flatMap(({ parsed: { apps = [], defaults }, base }) =>
      apps.map((app) => resolveApp(app, { defaults: given(defaults), base }, common))
    ),
  };
}

function resolveLogServer({ syslog, journal, facility, tag }: ParsedLogServer, base: Base): LogServerConfig {
  const server: LogServerConfig["server"] = journal !== undefined
    ? { kind: "journal", path: resolvePath(journal, base) }
    : syslog?.kind === "unix"
    ? { kind: "unix", path: resolvePath(syslog.path, base) }
    : syslog ?? { kind: "local" };
  return { server, facility, tag };
}

function resolveAdmin(admin: ParsedRoot["admin"], base: Base): AdminConfig | undefined {
  if (admin === "off") return undefined;
  const { listen, token_file: tokenFile } = admin;
  return { listen, tokenFile: tokenFile === undefined ? undefined : resolvePath(tokenFile, base) };
}

/** The defaults of a file, and where its relative paths start. */
interface Scope {
  readonly defaults: ParsedRoot["defaults"];
  readonly base: Base;
}

function resolveApp(app: ParsedApp, { defaults, base }: Scope, common: Scope): AppConfig {
  const own = { ...defaults, ...given(app) };
  const options: ParsedAppOptions = { ...BUILT_IN_APP_OPTIONS, ...common.defaults, ...own };
  const ports = (app.ports ?? []).flatMap(portsOf);
  const listed = [...app.targets ?? [], ...(app.routes ?? []).flatMap((route) => route.targets)];
  // A default for a feature that the app does not use has no effect, and must not look as if it had.
  const kinds = new Set(listed.flatMap(({ discover }) => discover ?? []));
  const canBeginTls = options.tls !== "off" || options.target_tls !== "off" || (app.routes ?? []).length > 0;
  const resolved = resolveOptions({
    ...options,
    dns: kinds.has("dns") || kinds.has("srv") ? options.dns : BUILT_IN_APP_OPTIONS.dns,
    discovery: usedDiscovery(options.discovery, kinds),
    starttls: canBeginTls ? options.starttls : "off",
  }, (key) => Object.hasOwn(own, key) ? base : common.base);
  const checks = { healthCheck: resolved.healthCheck, parsedCheck: options.health_check };
  return {
    name: app.name,
    ports,
    listen: [
      ...ports.map((port) => ({ kind: "tcp", host: options.host, port }) as const),
      ...(app.listen ?? []).flatMap((entry) => entry.kind === "systemd" ? [] : expandListenRange(entry))
        .map((address) => resolveAddress(address, base)),
    ],
    sockets: (app.listen ?? []).flatMap((entry) => entry.kind === "systemd" ? entry.name : []),
    targets: (app.targets ?? []).map((target) => resolveTarget(target, base, checks)),
    routes: (app.routes ?? []).map(({ sni = [], alpn = [], targets }) => ({
      sni,
      alpn,
      targets: targets.map((target) => resolveTarget(target, base, checks)),
    })),
    ...resolved,
  };
}

/** What of `discovery` has a use for these kinds of it, the rest as built in. */
function usedDiscovery(
  { within, interval, ...request }: ParsedAppOptions["discovery"],
  kinds: ReadonlySet<string>,
): ParsedAppOptions["discovery"] {
  const { discovery } = BUILT_IN_APP_OPTIONS;
  return {
    ...discovery,
    ...kinds.size > 0 ? { within } : {},
    ...kinds.has("file") || kinds.has("http") ? { interval } : {},
    ...kinds.has("http") ? request : {},
  };
}

/** Without the keys whose value is `undefined`, which a config made in code may have. */
function given<T extends object>(options: T): Partial<T> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Partial<T>;
}
