import { formatAddress, formatDuration } from "../../base/mod.ts";
import type { Address } from "../../base/mod.ts";
import { engineOf } from "../engine.ts";
import { effectiveOptions, effectiveRoute, effectiveTarget } from "./effective_options.ts";
import type { AdminConfig, AppConfig, Config } from "../model/config.ts";
import type { LogConfig, LogServerConfig, SyslogAddress } from "../model/log_config.ts";

/**
 * A config as a config file would say it, with every default filled in and nothing left to `defaults`. Read again, it gives
 * the same config if relative paths start at the working directory, as those in a resolved config do.
 */
export function effectiveConfig(config: Config): Record<string, unknown> {
  return {
    workers: config.workers,
    log: effectiveLog(config.log),
    admin: effectiveAdmin(config.admin),
    shutdown: {
      drain_timeout: formatDuration(config.shutdown.drainTimeoutMs),
      delay: formatDuration(config.shutdown.delayMs),
    },
    otel: config.otel === undefined ? "off" : {
      traces: config.otel.traces,
      metrics: config.otel.metrics,
      interval: formatDuration(config.otel.intervalMs),
    },
    watch: config.watch,
    on_reload: config.onReload,
    engine: config.engine,
    sandbox: config.sandbox,
    apps: config.apps.map((app) => effectiveApp(app, engineOf(config))),
  };
}

function effectiveLog(log: LogConfig): Record<string, unknown> {
  const { level, format, template, destination, access } = log;
  return {
    level,
    format: template ?? format,
    destination: destination === undefined ? "stderr" : effectiveLogServer(destination),
    access: typeof access === "object" ? effectiveLogServer(access) : access,
    access_interval: formatDuration(log.accessIntervalMs),
    tcp_info: log.tcpInfo,
  };
}

function effectiveLogServer({ server, facility, tag }: LogServerConfig): Record<string, unknown> {
  const to = server.kind === "journal" ? { journal: server.path } : { syslog: formatSyslogAddress(server) };
  return { ...to, facility, tag };
}

/** A syslog server as the config spells it. */
export function formatSyslogAddress(address: SyslogAddress): string {
  if (address.kind === "local") return "local";
  if (address.kind === "unix") return formatAddress(address);
  const { kind, host, port } = address;
  return `${kind}://${formatAddress({ kind: "tcp", host, port })}`;
}

function effectiveAdmin(admin: AdminConfig | undefined): unknown {
  if (admin === undefined) return "off";
  const { listen, tokenFile } = admin;
  return { listen: formatAddress(listen), ...tokenFile === undefined ? {} : { token_file: tokenFile } };
}

function effectiveApp(app: AppConfig, engine: "runtime" | "native"): Record<string, unknown> {
  const [bound] = app.ports.length > 0 ? app.listen : [];
  const listen = [
    ...formatListen(app.listen.slice(app.ports.length)),
    ...app.sockets.map((name) => `systemd:${name}`),
  ];
  return {
    name: app.name,
    ...bound?.kind === "tcp" ? { host: bound.host, ports: formatPorts(app.ports) } : {},
    ...listen.length > 0 ? { listen } : {},
    targets: app.targets.map((target) => effectiveTarget(target, app)),
    routes: app.routes.map((route) => effectiveRoute(route, app)),
    ...effectiveOptions(app, engine),
  };
}

function formatPorts(ports: readonly number[]): (number | string)[] {
  return runs(ports, (port) => port).map(([first, last]) => first === last ? first : `${first}-${last}`);
}

function formatListen(addresses: readonly Address[]): string[] {
  const texts: string[] = [];
  for (
    const [first, last] of runs(addresses, (address) => address.kind === "tcp" ? address.port : undefined)
  ) {
    const range = first !== last && last.kind === "tcp" ? `-${last.port}` : "";
    texts.push(formatAddress(first) + range);
  }
  return texts;
}

/** First and last of each run of neighbours whose ports follow each other on one host. */
function runs<T>(items: readonly T[], portOf: (item: T) => number | undefined): [first: T, last: T][] {
  const found: [first: T, last: T][] = [];
  for (const item of items) {
    const run = found.at(-1);
    const before = run && portOf(run[1]);
    const follows = before !== undefined && portOf(item) === before + 1 && hostOf(run?.[1]) === hostOf(item);
    if (run !== undefined && follows) run[1] = item;
    else found.push([item, item]);
  }
  return found;
}

function hostOf(item: unknown): unknown {
  return typeof item === "object" && item !== null && "host" in item ? item.host : undefined;
}
