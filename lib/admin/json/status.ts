import { formatAddress } from "../../base/mod.ts";
import type { FaultSnapshot, PoolSnapshot, TargetSnapshot } from "../../app/mod.ts";
import { configHash, effectiveFault } from "../../config/mod.ts";
import {
  activeOf,
  type AppCount,
  NO_APP_COUNT,
  NO_TARGET_COUNT,
  type TargetCount,
} from "../../metrics/mod.ts";
import type { AppStatus, ProxyControl } from "../../proxy/mod.ts";
import type { AdminContext, ConfigState } from "../route.ts";
import { type TargetTrafficJson, targetTrafficJson, type TrafficJson, trafficJson } from "./traffic.ts";

/** The body of `GET /api/status`. A stable contract; `null` for unknown, or no limit; times as in RFC 3339. */
export interface StatusJson {
  readonly version: string;
  /** When the program started. */
  readonly ["started_at"]: string;
  /** When this was true. */
  readonly now: string;
  readonly state: "starting" | "ready" | "draining";
  /** The number of threads that carry connections. */
  readonly workers: number;
  /** Open sessions. */
  readonly sessions: number;
  readonly config: ConfigStateJson;
  /** Traffic of all apps. */
  readonly traffic: TrafficJson;
  readonly apps: readonly AppJson[];
}

/** The config in effect. */
export interface ConfigStateJson {
  /** Its file; `null` where it has none that can be read again. */
  readonly path: string | null;
  /** The same for configs with the same effect. */
  readonly hash: string;
  readonly ["loaded_at"]: string;
  readonly ["last_reload"]: {
    readonly at: string;
    readonly result: "succeeded" | "failed";
    /** The source of the request: `SIGHUP`, `admin API`, `watch`. */
    readonly trigger: string;
    /** The changes, or the reason for the failure; `null` if there was no change. */
    readonly detail: string | null;
  } | null;
}

export interface AppJson extends PoolJson {
  readonly name: string;
  readonly state: "accepting" | "paused";
  readonly listeners: readonly string[];
  readonly balance: string;
  readonly sessions: number | null;
  readonly ["max_connections"]: number | null;
  readonly traffic: TrafficJson;
  /** The faults in effect. */
  readonly faults: readonly FaultJson[];
  readonly routes: readonly ({ readonly route: string } & PoolJson)[];
}

export interface PoolJson {
  readonly targets: readonly TargetJson[];
  /** Discovered names without a target at the moment. */
  readonly undiscovered: readonly string[];
}

export interface TargetJson {
  readonly address: string;
  /** As checks and connections find it, whatever an operator has set. */
  readonly state: "up" | "down" | "ejected";
  /** As an operator has set it: `drain` takes no new connections, `down` has ended the live ones too. */
  readonly admin: "ready" | "drain" | "down";
  /** Why it is down or ejected. */
  readonly detail: string | null;
  /** When its state last changed. */
  readonly since: string | null;
  /** As an operator has set it, else as configured. */
  readonly weight: number;
  readonly ["configured_weight"]: number;
  /** The effective weight: less during a slow start. */
  readonly ["current_weight"]: number;
  readonly backup: boolean;
  readonly connections: number | null;
  readonly ["max_connections"]: number | null;
  /** The name that discovery found it by; `null` for a configured target. */
  readonly ["discovered_by"]: string | null;
  /** Traffic of all targets of the app with this address. */
  readonly traffic: TargetTrafficJson;
}

/** A fault as in a config, with its state while it is in effect. */
export interface FaultJson extends Readonly<Record<string, unknown>> {
  readonly kind: string;
  readonly since: string;
  readonly ["expires_at"]: string | null;
  readonly source: "config" | "api";
}

/** Returns the current state of the proxy. */
export async function statusJson(
  { version, startedAt, phase, reloads }: AdminContext,
  proxy: ProxyControl,
): Promise<StatusJson> {
  const hash = await configHash(proxy.config());
  const { apps: counts } = (await proxy.metrics()).counters;
  const { workers, sessions, apps } = proxy.status();
  return {
    version,
    started_at: startedAt.toISOString(),
    now: new Date().toISOString(),
    state: phase,
    workers,
    sessions,
    config: configStateJson(reloads.state, hash),
    traffic: trafficJson(counts.values()),
    apps: apps.map((app) => appJson(app, counts.get(app.name))),
  };
}

function configStateJson({ path, loadedAt, lastReload }: ConfigState, hash: string): ConfigStateJson {
  return {
    path: path ?? null,
    hash,
    loaded_at: loadedAt.toISOString(),
    last_reload: lastReload === undefined ? null : {
      at: lastReload.at.toISOString(),
      result: lastReload.result,
      trigger: lastReload.trigger,
      detail: lastReload.detail ?? null,
    },
  };
}

/** Converts the status and counters of an app to JSON. */
export function appJson(app: AppStatus, counted: AppCount | undefined): AppJson {
  const count = counted ?? NO_APP_COUNT;
  const { name, isPaused, listeners, balance, sessions, maxConnections, faults, own, routes } = app;
  return {
    name,
    state: isPaused ? "paused" : "accepting",
    listeners: listeners.map(formatAddress),
    balance,
    // As with targets: apps without a limit are counted by the threads.
    sessions: sessions ?? activeOf(count),
    max_connections: finite(maxConnections),
    traffic: trafficJson([count]),
    faults: faults.map(faultJson),
    ...poolJson(own, count),
    routes: routes.map(({ name, pool }) => ({ route: name, ...poolJson(pool, count) })),
  };
}

function poolJson({ targets, emptyEntries }: PoolSnapshot, count: AppCount): PoolJson {
  return {
    targets: targets.map((target) => targetJson(target, count.targets.get(target.label))),
    undiscovered: emptyEntries,
  };
}

/** Converts a target and its counters to JSON. */
export function targetJson(target: TargetSnapshot, counted: TargetCount | undefined): TargetJson {
  const count = counted ?? NO_TARGET_COUNT;
  return {
    address: target.label,
    state: target.health,
    admin: target.admin,
    detail: target.detail === "" ? null : target.detail,
    since: target.changedAtMs === undefined ? null : timeJson(target.changedAtMs),
    weight: target.weight,
    configured_weight: target.configuredWeight,
    current_weight: Math.round(target.currentWeight * 1000) / 1000,
    backup: target.tier > 0,
    connections: target.active ?? count.active,
    max_connections: finite(target.maxConnections),
    discovered_by: target.foundBy ?? null,
    traffic: targetTrafficJson(count),
  };
}

/** Converts a fault to JSON. */
export function faultJson({ fault, sinceMs, expiresAtMs, source }: FaultSnapshot): FaultJson {
  return {
    kind: fault.kind,
    ...effectiveFault(fault),
    since: timeJson(sinceMs),
    expires_at: expiresAtMs === Infinity ? null : timeJson(expiresAtMs),
    source,
  };
}

function timeJson(epochMs: number): string {
  return new Date(epochMs).toISOString();
}

function finite(value: number): number | null {
  return value === Infinity ? null : value;
}
