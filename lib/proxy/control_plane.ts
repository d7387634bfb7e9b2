import type { Clock, Random } from "../base/mod.ts";
import {
  type FaultSnapshot,
  FileTexts,
  type NextTlsFiles,
  type PoolRef,
  type PoolSnapshot,
  type Prepared,
  readTlsFiles,
  type RuntimeFaults,
  type TargetRef,
  type TlsFiles,
} from "../app/mod.ts";
import type { AppConfig, Config } from "../config/parsed.ts";
import { OwnListeners } from "../dial/mod.ts";
import { type CountersSnapshot, type LiveTarget, LoopDelay, ThreadCounters } from "../metrics/mod.ts";
import type { TargetState } from "../pool/mod.ts";
import { ControlledApp } from "./_controlled_app.ts";
import { ownListeners } from "./listeners/own_listeners.ts";
import { type HandedApp, handedApps, type TakenOverApp, takeOverHealth } from "./handed_state.ts";
import { OperatorSettings } from "./_operator_settings.ts";
import type { ProxyObserver } from "./proxy_observer.ts";
import { prepareApps, startError } from "./reload/next_apps.ts";
import type { ReloadStep } from "./reload/reloader.ts";
import type { DiscoveryAnswer } from "./operations.ts";
import type { ListenerInfo } from "./status/runtime_snapshot.ts";

export interface ControlPlaneOptions {
  readonly observer: ProxyObserver;
  /** What a process that this one takes over from hands to it; default nothing. */
  readonly handed?: readonly TakenOverApp[] | undefined;
  /** Default `Math.random`. */
  readonly random?: Random;
  /** Default the runtime's monotonic clock. */
  readonly clock?: Clock;
}

/**
 * What is done once for all workers: files are read, targets are discovered and checked, and judged by the connections of
 * all. It carries no connection itself.
 */
export class ControlPlane {
  /** The apps' files as read at the start. */
  readonly files = new FileTexts();
  readonly settings: OperatorSettings;
  readonly #options: ControlPlaneOptions;
  /** The labels of an app's targets whose health the process before has been heard on. */
  readonly #judged = new WeakMap<ControlledApp, ReadonlySet<string>>();
  readonly #listeners = new OwnListeners();
  readonly #counters = new ThreadCounters({
    thread: "main",
    targets: (app) => this.targets(app),
    loopDelay: () => this.#loopDelay?.snapshot(),
  });
  /** Only metrics of the admin API show it. */
  #loopDelay: LoopDelay | undefined;
  /** By name, in the order of the config. */
  #apps: ReadonlyMap<string, ControlledApp> = new Map();
  #onChange: (pool: PoolRef) => void = () => {};
  #stopping: Promise<unknown> = Promise.resolve();

  /**
   * Reads the apps' files and builds their pools; starts nothing.
   *
   * @throws {StartError} when an app cannot work; it says which and why.
   */
  static async prepare(config: Config, options: ControlPlaneOptions): Promise<ControlPlane> {
    const plane = new ControlPlane(options);
    const apps = new Map<string, ControlledApp>();
    for (const app of config.apps) {
      try {
        apps.set(app.name, await plane.#create(app, await readTlsFiles(app, plane.files)));
      } catch (error) {
        throw startError(app.name, error);
      }
    }
    plane.#apps = apps;
    plane.settings.retain();
    plane.#takeOverHealth();
    if (config.admin !== undefined) plane.#loopDelay = new LoopDelay();
    return plane;
  }

  private constructor(options: ControlPlaneOptions) {
    this.#options = options;
    this.settings = new OperatorSettings(() => this.#apps, options.handed ?? []);
  }

  /** Takes what the workers listen on, before the start: checks and discovery must not take it for a target. */
  listensOn(bound: readonly ListenerInfo[]): void {
    const apps = [...this.#apps.values()].map(({ config }) => config);
    this.#listeners.replace(ownListeners(bound, apps));
  }

  /**
   * Begins discovery and checks; resolves when each discovery has had its first answer, or after 3 s. `onChange` is called
   * when something that {@link ControlPlane.states} says of a pool has changed.
   */
  async start(onChange: (pool: PoolRef) => void): Promise<void> {
    this.#onChange = onChange;
    await Promise.all([...this.#apps.values()].map((app) => app.start()));
    this.#takeOverHealth();
  }

  /** What a process that takes over from this one is to know. */
  handed(): HandedApp[] {
    return handedApps(this.#apps);
  }

  async stop(): Promise<void> {
    this.#loopDelay?.[Symbol.dispose]();
    await this.#stopping;
    await Promise.all([...this.#apps.values()].map((app) => app.stop()));
  }

  /**
   * Compiles the texts of apps whose files have changed. Nothing changes until what this resolves with is called: then
   * checks use them, and {@link ControlPlane.tlsFiles} gives them.
   *
   * @throws {TlsError} when one of them cannot work.
   */
  async prepare(changed: readonly NextTlsFiles[]): Promise<() => void> {
    const prepared = await Promise.all(changed.map(({ app: name, tlsFiles }) => {
      const app = this.#app(name);
      return app.prepare(app.config, tlsFiles);
    }));
    return () => {
      for (const each of prepared) each.commit();
    };
  }

  /**
   * Gets ready for another config: new apps have begun to discover and check when this resolves.
   *
   * @throws {StartError} when an app cannot work; nothing has changed.
   */
  async prepareConfig(step: ReloadStep): Promise<Prepared> {
    const next = await prepareApps(step, {
      current: this.#apps,
      create: (app, files) => this.#create(app, files),
    });
    return {
      discard: () => next.discard(),
      commit: (): void => {
        next.commit();
        this.#apps = next.apps;
        this.#stopping = Promise.all([this.#stopping, ...next.gone.map((app) => app.stop())]);
      },
    };
  }

  /** Whether there is such an app; during a reload, one of the config in effect may be gone here. */
  hasApp(name: string): boolean {
    return this.#apps.has(name);
  }

  /** Whether there is such a pool. */
  has({ app, pool }: PoolRef): boolean {
    return this.#apps.get(app)?.targets.pool(pool) !== undefined;
  }

  /** The labels of all targets, by app. */
  labels(): Map<string, string[]> {
    return new Map([...this.#apps].map(([name, { labels }]) => [name, labels]));
  }

  /** The targets of an app, of which this thread has no connections; `undefined` where there is no such app. */
  targets(app: string): readonly LiveTarget[] | undefined {
    return this.#apps.get(app)?.labels.map((label) => ({ label, active: 0 }));
  }

  /** What this thread has counted: checks, ejections, discovery. */
  counters(): CountersSnapshot {
    return this.#counters.snapshot();
  }

  /** The texts of an app's files. */
  tlsFiles(app: string): TlsFiles {
    return this.#app(app).tlsFiles;
  }

  /** What discovery knows, in the order of the config. */
  discoveries(): DiscoveryAnswer[] {
    return [...this.#apps].flatMap(([app, { targets }]) =>
      targets.discoveries().map((answer) => ({ app, ...answer }))
    );
  }

  /** The faults in effect in an app. */
  faults(app: string): FaultSnapshot[] {
    return this.#apps.get(app)?.faults() ?? [];
  }

  /** What a worker that starts must know of what operators have set for an app. */
  overridesRecord(name: string): {
    readonly faultsSinceMs: number;
    readonly runtimeFaults: RuntimeFaults | undefined;
    readonly isPaused: boolean;
  } {
    const { faultsSinceMs, overrides } = this.#app(name);
    return { faultsSinceMs, runtimeFaults: overrides.faults, isPaused: overrides.pause.isPaused };
  }

  /** All that is known of the targets of each of an app's pools, by the pool's key. */
  states(app: string): Map<string, TargetState[]> {
    return this.#app(app).targets.states();
  }

  /**
   * Returns the state of the targets of an app's pools.
   *
   * @param active the connections of each target of the pool with a key, which this thread does not carry.
   */
  snapshot(app: string, active: (pool: string) => readonly (number | undefined)[]): PoolSnapshot[] {
    return this.#app(app).targets.snapshot(active);
  }

  /** Notes how a connection of some worker to a target went. */
  report({ app, pool: key, index, label }: TargetRef, outcome: "succeeded" | "failed"): void {
    // A worker of an earlier config may speak of an app that is gone.
    const pool = this.#apps.get(app)?.targets.pool(key);
    const hinted = pool?.targets[index];
    const target = hinted?.label === label ? hinted : pool?.targets.find((each) => each.label === label);
    if (target !== undefined) pool?.report(target, outcome);
  }

  /** Once before checks begin, and once when discovery has found what was not there then. */
  #takeOverHealth(): void {
    for (const app of this.#apps.values()) {
      const handed = this.#options.handed?.find(({ name }) => name === app.config.name);
      if (handed === undefined) continue;
      const known = this.#judged.get(app) ?? new Set();
      takeOverHealth(app, { ...handed, down: handed.down.filter(({ label }) => !known.has(label)) });
      this.#judged.set(app, new Set(app.labels));
    }
  }

  #create(config: AppConfig, files: TlsFiles): Promise<ControlledApp> {
    return ControlledApp.create(config, files, {
      ...this.#options,
      overrides: this.settings.of(config.name),
      listeners: this.#listeners,
      tally: this.#counters.app(config.name),
      onChange: (pool) => this.#onChange({ app: config.name, pool }),
    });
  }

  #app(name: string): ControlledApp {
    const app = this.#apps.get(name);
    if (app === undefined) throw new RangeError(`there is no app "${name}"`);
    return app;
  }
}
