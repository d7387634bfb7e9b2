import { type Clock, errorMessage, monotonicClock, type Random } from "../base/mod.ts";
import {
  AppTargets,
  AppTls,
  FileTexts,
  type NextTlsFiles,
  type PoolRef,
  type PoolSnapshot,
  readTlsFiles,
  type TargetRef,
  type TlsFiles,
} from "../app/mod.ts";
import type { AppConfig, Config } from "../config/mod.ts";
import { OwnListeners } from "../dial/mod.ts";
import type { TargetState } from "../pool/mod.ts";
import { ownListeners } from "./_own_listeners.ts";
import type { ProxyObserver } from "./observer.ts";
import type { ListenerInfo } from "./runtime_snapshot.ts";
import { StartError } from "./start_error.ts";

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
  readonly #apps: ReadonlyMap<string, ControlledApp>;
  readonly #changes: Changes;
  readonly #listeners: OwnListeners;

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
        apps.set(app.name, await control(app, changes, { ...options, files, listeners }));
      } catch (error) {
        throw new StartError(`start app "${app.name}": ${errorMessage(error)}`, { cause: error });
      }
    }
    return new ControlPlane(apps, { changes, files, listeners });
  }

  private constructor(
    apps: ReadonlyMap<string, ControlledApp>,
    { changes, files, listeners }: { changes: Changes; files: FileTexts; listeners: OwnListeners },
  ) {
    this.#listeners = listeners;
    this.#apps = apps;
    this.files = files;
    this.#changes = changes;
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
    const pool = this.#app(app).targets.pool(key);
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
  readonly config: AppConfig;
  tlsFiles: TlsFiles;
  readonly tls: AppTls;
  readonly targets: AppTargets;
}

async function control(
  config: AppConfig,
  changes: Changes,
  options: ControlPlaneOptions & { readonly files: FileTexts; readonly listeners: OwnListeners },
): Promise<ControlledApp> {
  const { observer, random = Math.random, clock = monotonicClock, listeners } = options;
  const tlsFiles = await readTlsFiles(config, options.files);
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
