import { type Clock, monotonicClock, type Random } from "../base/mod.ts";
import {
  AppTargets,
  AppTls,
  FileTexts,
  type NextTlsFiles,
  type PoolRef,
  type PoolSnapshot,
  type Prepared,
  readTlsFiles,
  type TargetRef,
  type TlsFiles,
} from "../app/mod.ts";
import type { AppConfig, Config } from "../config/mod.ts";
import { OwnListeners } from "../dial/mod.ts";
import type { TargetState } from "../pool/mod.ts";
import { ownListeners } from "./_own_listeners.ts";
import type { ProxyObserver } from "./proxy_observer.ts";
import { startError } from "./reload/next_apps.ts";
import type { ReloadStep } from "./reload/reloader.ts";
import type { ListenerInfo } from "./runtime_snapshot.ts";

export interface ControlPlaneOptions {
  readonly observer: ProxyObserver;
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
  /** What was read of the apps' files at the start. */
  readonly files: FileTexts;
  readonly #options: ControlPlaneOptions;
  readonly #changes: Changes;
  readonly #listeners: OwnListeners;
  #apps: ReadonlyMap<string, ControlledApp>;
  #stopping: Promise<unknown> = Promise.resolve();

  /**
   * Reads the apps' files and builds their pools; starts nothing.
   *
   * @throws {StartError} when an app cannot work; it says which and why.
   */
  static async prepare(config: Config, options: ControlPlaneOptions): Promise<ControlPlane> {
    const apps = new Map<string, ControlledApp>();
    const changes: Changes = { notify: () => {} };
    const files = new FileTexts();
    const listeners = new OwnListeners();
    for (const app of config.apps) {
      try {
        apps.set(
          app.name,
          await control(app, changes, { ...options, listeners, tlsFiles: await readTlsFiles(app, files) }),
        );
      } catch (error) {
        throw startError(app.name, error);
      }
    }
    return new ControlPlane(apps, { changes, files, listeners, options });
  }

  private constructor(
    apps: ReadonlyMap<string, ControlledApp>,
    parts: {
      readonly changes: Changes;
      readonly files: FileTexts;
      readonly listeners: OwnListeners;
      readonly options: ControlPlaneOptions;
    },
  ) {
    this.#apps = apps;
    this.#listeners = parts.listeners;
    this.#options = parts.options;
    this.files = parts.files;
    this.#changes = parts.changes;
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
    this.#changes.notify = onChange;
    await Promise.all([...this.#apps.values()].map(({ targets }) => targets.start()));
  }

  async stop(): Promise<void> {
    await this.#stopping;
    await Promise.all([...this.#apps.values()].map(({ targets }) => targets.stop()));
  }

  /**
   * Compiles the texts of apps whose files have changed. Nothing changes until what this resolves with is called: then
   * checks use them, and {@link ControlPlane.tlsFiles} gives them.
   *
   * @throws {TlsError} when one of them cannot work.
   */
  async prepare(changed: readonly NextTlsFiles[]): Promise<() => void> {
    const uses = await Promise.all(changed.map(async ({ app: name, tlsFiles }) => {
      const app = this.#app(name);
      const use = await app.tls.prepare(app.config, tlsFiles);
      return (): void => {
        use();
        app.tlsFiles = tlsFiles;
      };
    }));
    return () => {
      for (const use of uses) use();
    };
  }

  /**
   * Gets ready for another config: new apps have begun to discover and check when this resolves.
   *
   * @throws {StartError} when an app cannot work; nothing has changed.
   */
  async prepareConfig({ config, files, diff, renewed }: ReloadStep): Promise<Prepared> {
    const changes: Prepared[] = [];
    const added: ControlledApp[] = [];
    const discard = async (): Promise<void> => {
      await Promise.all([
        ...changes.map((each) => each.discard()),
        ...added.map(({ targets }) => targets.stop()),
      ]);
    };
    const apps = new Map<string, ControlledApp>();
    const isKept = (name: string): boolean =>
      !renewed.has(name) && diff.apps.some((app) => app.name === name && app.change === "kept");
    for (const app of config.apps) {
      try {
        const running = this.#apps.get(app.name);
        if (running !== undefined && isKept(app.name)) {
          apps.set(app.name, running);
          continue;
        }
        const tlsFiles = await readTlsFiles(app, files);
        if (running === undefined) {
          const made = await control(app, this.#changes, {
            ...this.#options,
            listeners: this.#listeners,
            tlsFiles,
          });
          added.push(made);
          apps.set(app.name, made);
          await made.targets.start();
        } else {
          changes.push(await reconfigure(running, app, tlsFiles));
          apps.set(app.name, running);
        }
      } catch (error) {
        await discard();
        throw startError(app.name, error);
      }
    }
    return {
      discard,
      commit: (): void => {
        const gone = [...this.#apps].flatMap(([name, app]) => apps.has(name) ? [] : [app]);
        for (const change of changes) change.commit();
        this.#apps = apps;
        this.#stopping = Promise.all([this.#stopping, ...gone.map(({ targets }) => targets.stop())]);
      },
    };
  }

  /** Whether there is such a pool. */
  has({ app, pool }: PoolRef): boolean {
    return this.#apps.get(app)?.targets.pool(pool) !== undefined;
  }

  /** The labels of all targets, by app. */
  labels(): Map<string, string[]> {
    return new Map([...this.#apps].map(([name, { targets }]) => [
      name,
      targets.pools.flatMap(({ pool }) => pool.targets.map(({ label }) => label)),
    ]));
  }

  /** The texts of an app's files. */
  tlsFiles(app: string): TlsFiles {
    return this.#app(app).tlsFiles;
  }

  /** All that is known of the targets of each of an app's pools, by the pool's key. */
  states(app: string): Map<string, TargetState[]> {
    return this.#app(app).targets.states();
  }

  /**
   * What is known of the targets of an app's pools.
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

  #app(name: string): ControlledApp {
    const app = this.#apps.get(name);
    if (app === undefined) throw new RangeError(`there is no app "${name}"`);
    return app;
  }
}

/** Takes the changes of all pools. */
interface Changes {
  notify: (pool: PoolRef) => void;
}

interface ControlledApp {
  config: AppConfig;
  tlsFiles: TlsFiles;
  readonly tls: AppTls;
  readonly targets: AppTargets;
}

async function control(
  config: AppConfig,
  changes: Changes,
  options: ControlPlaneOptions & { readonly tlsFiles: TlsFiles; readonly listeners: OwnListeners },
): Promise<ControlledApp> {
  const { observer, random = Math.random, clock = monotonicClock, tlsFiles, listeners } = options;
  const tls = await AppTls.load(config, tlsFiles);
  const targets = new AppTargets(config, {
    random,
    clock,
    observer,
    listeners,
    tls,
    // The workers, whose sessions they are, hear of the change and end them.
    closeSessionsOf: () => {},
    onChange: (pool) => changes.notify({ app: config.name, pool }),
  });
  return { config, tlsFiles, tls, targets };
}

async function reconfigure(app: ControlledApp, config: AppConfig, tlsFiles: TlsFiles): Promise<Prepared> {
  const useTls = await app.tls.prepare(config, tlsFiles);
  const targets = await app.targets.prepare(config);
  return {
    discard: () => targets.discard(),
    commit: (): void => {
      useTls();
      targets.commit();
      app.config = config;
      app.tlsFiles = tlsFiles;
    },
  };
}
