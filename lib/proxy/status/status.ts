import type { Address } from "../../base/mod.ts";
import type { AppConfig, Config } from "../../config/parsed.ts";
import { type FaultSnapshot, type PoolSnapshot, routeName } from "../../app/mod.ts";
import type { RuntimeSnapshot } from "./runtime_snapshot.ts";

/** A proxy at one moment. */
export interface ProxyStatus {
  /** How many threads carry connections. */
  readonly workers: number;
  /** Sessions that have not ended. */
  readonly sessions: number;
  /** Whether nothing is accepted any more. */
  readonly isEnding: boolean;
  /** In the order of the config. */
  readonly apps: readonly AppStatus[];
}

/** One app at one moment. */
export interface AppStatus {
  readonly name: string;
  /** Whether it accepts no connection, as an operator wants it. */
  readonly isPaused: boolean;
  readonly listeners: readonly Address[];
  /** Its sessions that have not ended; `undefined` where nobody counts them. */
  readonly sessions: number | undefined;
  /** `Infinity` for no limit. */
  readonly maxConnections: number;
  readonly balance: AppConfig["balance"];
  /** The faults in effect. */
  readonly faults: readonly FaultSnapshot[];
  /** Its own targets; empty where it has routes alone. */
  readonly own: PoolSnapshot;
  readonly routes: readonly { readonly name: string; readonly pool: PoolSnapshot }[];
}

const NO_TARGETS: PoolSnapshot = { targets: [], emptyEntries: [] };

/** Puts a look at a proxy into the order of its config. */
export function statusOf(config: Config, live: RuntimeSnapshot): ProxyStatus {
  const { workers, sessions, isEnding, listeners } = live;
  return {
    workers,
    sessions,
    isEnding,
    apps: config.apps.map((app): AppStatus => {
      const pools = live.pools(app.name);
      return {
        name: app.name,
        isPaused: live.isPaused(app.name),
        listeners: listeners.filter((listener) => listener.app === app.name).map(({ address }) => address),
        sessions: live.sessionsOf(app.name),
        maxConnections: app.maxConnections,
        balance: app.balance,
        faults: live.faults(app.name),
        own: poolOf(app, pools, undefined),
        routes: app.routes.map((route, at) => ({
          name: routeName(at, route),
          pool: poolOf(app, pools, at),
        })),
      };
    }),
  };
}

/** The pool of a route, by its place in the config, or of the app's own targets; an empty one where there is none. */
export function poolOf(
  app: AppConfig,
  pools: readonly PoolSnapshot[],
  route: number | undefined,
): PoolSnapshot {
  const ownPools = app.targets.length > 0 ? 1 : 0;
  const index = route === undefined ? (ownPools === 1 ? 0 : -1) : ownPools + route;
  return pools[index] ?? NO_TARGETS;
}
