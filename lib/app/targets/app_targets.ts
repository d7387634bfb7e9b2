import type { AppConfig, HealthCheckConfig } from "../../config/parsed.ts";
import type { OwnListeners } from "../../dial/mod.ts";
import { Pool, statesOf, type TargetState } from "../../pool/mod.ts";
import type { RouteTable } from "../../routing/mod.ts";
import { targetsOf } from "./dial_addresses.ts";
import { HealthChecks } from "../checks/health_checks.ts";
import type { AppObserver } from "../app_observer.ts";
import { onceEach, type PoolConfig, poolConfigs, poolOptions, type PoolsOptions } from "./pools.ts";
import type { Prepared } from "../prepared.ts";
import { routesOf } from "../routes.ts";
import { describeSetting, type TargetSettingChange, TargetSettings } from "./target_settings.ts";
import { type EntryAnswer, type MonitorObserver, TargetMonitor } from "./target_monitor.ts";
import { type PoolSnapshot, poolSnapshot } from "./target_snapshot.ts";
import type { AppTls } from "../tls/tls.ts";

export interface AppTargetsOptions extends Omit<PoolsOptions, "observer"> {
  readonly observer: Pick<AppObserver, "targetChanged" | keyof MonitorObserver>;
  /** The listeners of the whole proxy, which must not become targets. */
  readonly listeners: OwnListeners;
  /** What an operator has set; default nothing yet. */
  readonly settings?: TargetSettings | undefined;
  /** Makes the TLS connections of checks. */
  readonly tls: Pick<AppTls, "secureProbe">;
  /**
   * The control plane's view of each pool's targets, by pool key. Set in a worker, which then neither discovers nor
   * checks.
   */
  readonly known?: ReadonlyMap<string, readonly TargetState[]> | undefined;
}

/** A pool and the monitor that supplies its targets. */
export interface AppPool {
  readonly key: string;
  readonly pool: Pool;
  /** `undefined` in a worker. */
  readonly monitor: TargetMonitor | undefined;
}

/** The targets of one app: its pools, with discovery and active checks that keep them current. */
export class AppTargets {
  readonly #options: AppTargetsOptions;
  readonly #poolsOptions: PoolsOptions;
  readonly #stopping = new Set<Promise<void>>();
  readonly #settings: TargetSettings;
  #config: AppConfig;
  #pools: readonly AppPool[];
  #routes: RouteTable<Pool> | undefined;
  /** `undefined` in a worker. */
  readonly #checks: HealthChecks | undefined;

  /** Builds the pools, still without discovered targets. */
  constructor(config: AppConfig, options: AppTargetsOptions) {
    this.#options = options;
    this.#poolsOptions = { ...options, observer: onceEach(options.observer) };
    this.#settings = options.settings ?? new TargetSettings();
    this.#config = config;
    const pools = poolConfigs(config);
    this.#pools = pools.map((pool) => {
      const known = options.known?.get(pool.key);
      return known === undefined ? this.#make(pool, config) : this.#adopt(pool, known);
    });
    this.#routes = this.#routesTo(pools);
    this.#checks = options.known !== undefined
      ? undefined
      : new HealthChecks(checksOf(config), () => this.#pools.map(({ pool }) => pool), {
        ...options,
        app: config.name,
      });
  }

  /** In config order: the pool of the app's own targets first, if any, then each route's. */
  get pools(): readonly AppPool[] {
    return this.#pools;
  }

  /** The pool of the app's own targets; `undefined` where it has only routes. */
  get own(): Pool | undefined {
    return this.#config.targets.length > 0 ? this.#pools[0]?.pool : undefined;
  }

  get routes(): RouteTable<Pool> | undefined {
    return this.#routes;
  }

  /** Returns the pool with this key. */
  pool(key: string): Pool | undefined {
    return this.#pools.find((each) => each.key === key)?.pool;
  }

  /** Returns the state of each pool's targets, by pool key. */
  states(): Map<string, TargetState[]> {
    return new Map(this.#pools.map(({ key, pool }) => [key, statesOf(pool.targets)]));
  }

  /**
   * Returns a snapshot of each pool.
   *
   * @param active the connections of each target of the pool with this key, where other threads carry them.
   */
  snapshot(active?: (pool: string) => readonly (number | undefined)[]): PoolSnapshot[] {
    return this.#pools.map(({ key, pool, monitor }) =>
      poolSnapshot(pool, { monitor, ...(active === undefined ? {} : { active: active(key) }) })
    );
  }

  /** Sets what the targets with this label may do, as an operator wants it; returns whether there is any. */
  set(label: string, change: TargetSettingChange): boolean {
    const hit = this.#pools.filter(({ pool }) => pool.targets.some((each) => each.label === label));
    if (hit.length > 0) this.#settings.set(label, change);
    for (const { pool, monitor } of hit) {
      if (monitor === undefined) continue;
      pool.update(this.#settings.applied(monitor.specs()));
      const target = pool.targets.find((each) => each.label === label);
      if (target === undefined) continue;
      const detail = describeSetting(this.#settings.get(label));
      this.#poolsOptions.observer.targetChanged(this.#config.name, target, { change: "set", detail });
    }
    return hit.length > 0;
  }

  /** What discovery knows of each of its entries. */
  discoveries(): EntryAnswer[] {
    return this.#pools.flatMap(({ monitor }) => monitor?.answers() ?? []);
  }

  /** Starts checks and discovery; resolves when each discovery has its first answer, or after 3 s. */
  async start(): Promise<void> {
    this.#checks?.update();
    await Promise.all(this.#pools.map(({ monitor }) => monitor?.start()));
  }

  /**
   * Prepares another config of the same app. Pools that remain keep the state of their targets: health, ejections,
   * slow start, connections.
   */
  async prepare(next: AppConfig): Promise<Prepared> {
    const pools = poolConfigs(next);
    const parts = await Promise.all(pools.map(async (pool) => {
      const kept = this.#pools.find(({ key }) => key === pool.key);
      const made = kept === undefined ? this.#make(pool, next) : undefined;
      await made?.monitor?.start();
      return { pool, made, kept, entries: await kept?.monitor?.prepare(next, pool.entries) };
    }));
    return {
      commit: (): void => {
        const before = this.#pools;
        this.#config = next;
        this.#pools = parts.flatMap(({ kept, made }) => kept ?? made ?? []);
        for (const { pool, kept, entries } of parts) {
          entries?.commit();
          const specs = kept?.monitor?.specs();
          if (specs === undefined) continue;
          kept?.pool.reconfigure(
            this.#settings.applied(specs),
            poolOptions(next, pool, this.#poolsOptions),
          );
        }
        // Settings may have changed since the new pools were made.
        for (const { made } of parts) {
          if (made?.monitor !== undefined) made.pool.update(this.#settings.applied(made.monitor.specs()));
        }
        this.#routes = this.#routesTo(pools);
        for (const gone of before) if (!this.#pools.includes(gone)) this.#end(stopPool(gone));
        if (this.#checks !== undefined) this.#end(this.#checks.replace(checksOf(next)));
      },
      discard: async (): Promise<void> => {
        await Promise.all(parts.flatMap(({ made, entries }) => [made && stopPool(made), entries?.discard()]));
      },
    };
  }

  /**
   * Stops checks, discovery and timers; connections under way keep their targets. Resolves when nothing is left
   * running.
   */
  async stop(): Promise<void> {
    await Promise.all([this.#checks?.stop(), ...this.#pools.map(stopPool), ...this.#stopping]);
  }

  #make(pool: PoolConfig, config: AppConfig): AppPool {
    const monitor = new TargetMonitor(config, pool.entries, {
      random: this.#options.random,
      tally: this.#options.tally,
      observer: this.#options.observer,
      listeners: this.#options.listeners,
      onChange: () => {
        made.update(this.#settings.applied(monitor.specs()));
        this.#checks?.update();
      },
    });
    const made = new Pool(
      this.#settings.applied(monitor.specs()),
      poolOptions(config, pool, this.#poolsOptions),
    );
    return { key: pool.key, pool: made, monitor };
  }

  /** A worker's pool, fed by the control plane. */
  #adopt(pool: PoolConfig, known: readonly TargetState[]): AppPool {
    const made = new Pool(known.map(({ spec }) => spec), poolOptions(this.#config, pool, this.#poolsOptions));
    made.follow(known);
    return { key: pool.key, pool: made, monitor: undefined };
  }

  #routesTo(pools: readonly PoolConfig[]): RouteTable<Pool> | undefined {
    const leadsTo = new Map(pools.flatMap(({ route }, index) => {
      const pool = this.#pools[index]?.pool;
      return route === undefined || pool === undefined ? [] : [[route, pool] as const];
    }));
    return routesOf(this.#config, (route) => {
      const pool = leadsTo.get(route);
      if (pool === undefined) throw new RangeError("a route has no pool");
      return pool;
    });
  }

  #end(stopping: Promise<void>): void {
    const ended = stopping.finally(() => this.#stopping.delete(ended));
    this.#stopping.add(ended);
  }
}

/** The health checks of an app's targets. */
function checksOf(config: AppConfig): HealthCheckConfig[] {
  return targetsOf(config).flatMap(({ healthCheck }) => healthCheck ?? []);
}

async function stopPool({ pool, monitor }: AppPool): Promise<void> {
  pool.stop();
  await monitor?.stop();
}
