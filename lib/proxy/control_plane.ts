import { type Clock, errorMessage, monotonicClock, type Random } from "../base/mod.ts";
import type { AppConfig, Config } from "../config/mod.ts";
import { statesOf, type TargetState } from "../pool/mod.ts";
import {
  type AppPools,
  type AppTls,
  appTls,
  FileTexts,
  monitorsOf,
  type NextTlsFiles,
  type PoolRef,
  type PoolSnapshot,
  poolSnapshot,
  poolsOf,
  readTlsFiles,
  type TargetMonitor,
  type TargetRef,
  type TlsFiles,
} from "../app/mod.ts";
import type { ProxyObserver } from "./observer.ts";
import { StartError } from "./start_error.ts";

export interface ControlPlaneOptions {
  readonly observer: ProxyObserver;
  /** Default `Math.random`. */
  readonly random?: Random;
  /** Default the runtime's monotonic clock. */
  readonly clock?: Clock;
}

/**
 * What is done once for all threads that carry the same config: files are read, targets are discovered and checked, and
 * judged by the connections of all. It carries no connection itself.
 */
export class ControlPlane {
  /** What was read of the apps' files at the start. */
  readonly files: FileTexts;
  readonly #apps: readonly ControlledApp[];
  readonly #changes: Changes;

  /**
   * Reads the apps' files and builds their pools; starts nothing.
   *
   * @throws {StartError} when an app cannot work; it says which and why.
   */
  static async prepare(config: Config, options: ControlPlaneOptions): Promise<ControlPlane> {
    const apps: ControlledApp[] = [];
    const changes: Changes = { tell: () => {} };
    const files = new FileTexts();
    for (const [index, app] of config.apps.entries()) {
      try {
        apps.push(await lead(app, (pool) => changes.tell({ app: index, pool }), { ...options, files }));
      } catch (error) {
        throw new StartError(`start app "${app.name}": ${errorMessage(error)}`, { cause: error });
      }
    }
    return new ControlPlane(apps, { changes, files });
  }

  private constructor(
    apps: readonly ControlledApp[],
    { changes, files }: { changes: Changes; files: FileTexts },
  ) {
    this.#apps = apps;
    this.files = files;
    this.#changes = changes;
  }

  /**
   * Begins discovery and checks; resolves when each discovery has had its first answer, or after 3 s. `onChange` is called
   * when something that {@link ControlPlane.states} says of a pool has changed.
   */
  async start(onChange: (place: PoolRef) => void): Promise<void> {
    this.#changes.tell = onChange;
    await Promise.all(this.#apps.flatMap(({ monitors }) => monitors.map((monitor) => monitor.start())));
  }

  async stop(): Promise<void> {
    await Promise.all(this.#apps.flatMap(({ monitors }) => monitors.map((monitor) => monitor.stop())));
  }

  /**
   * Compiles the texts of apps whose files have changed. Nothing changes until what this resolves with is called: then
   * checks use them, and {@link ControlPlane.tlsFiles} gives them.
   *
   * @throws {TlsError} when one of them cannot work.
   */
  async prepare(changed: readonly NextTlsFiles[]): Promise<() => void> {
    const uses = await Promise.all(changed.map(async ({ app: index, tlsFiles }) => {
      const app = this.#app(index);
      const use = await app.tls.prepare(tlsFiles);
      return (): void => {
        use();
        app.tlsFiles = tlsFiles;
      };
    }));
    return () => {
      for (const use of uses) use();
    };
  }

  /** The texts of an app's files, by its place in the config. */
  tlsFiles(app: number): TlsFiles {
    return this.#app(app).tlsFiles;
  }

  /** All that is known of the targets of each of an app's pools. */
  states(app: number): TargetState[][] {
    return this.#app(app).pools.all.map(statesOf);
  }

  /**
   * What is known of the targets of an app's pools.
   *
   * @param active the connections of each target of the pool of a number, which this thread does not carry.
   */
  facts(app: number, active: (pool: number) => readonly (number | undefined)[]): PoolSnapshot[] {
    const { pools, monitors } = this.#app(app);
    return pools.all.map((pool, index) =>
      poolSnapshot(pool, { monitor: monitors[index], active: active(index) })
    );
  }

  /** Notes how a connection of some thread to a target went. */
  report({ app, pool: at, index, label }: TargetRef, outcome: "succeeded" | "failed"): void {
    const pool = this.#app(app).pools.all[at];
    const hinted = pool?.targets[index];
    const target = hinted?.label === label ? hinted : pool?.targets.find((each) => each.label === label);
    if (target !== undefined) pool?.report(target, outcome);
  }

  #app(index: number): ControlledApp {
    const app = this.#apps[index];
    if (app === undefined) {
      throw new RangeError(`the app is number ${index}, one of ${this.#apps.length} was wanted`);
    }
    return app;
  }
}

/** Who is told of changes. */
interface Changes {
  tell: (place: PoolRef) => void;
}

interface ControlledApp {
  tlsFiles: TlsFiles;
  readonly tls: AppTls;
  readonly pools: AppPools;
  readonly monitors: readonly TargetMonitor[];
}

async function lead(
  config: AppConfig,
  onChange: (pool: number) => void,
  options: ControlPlaneOptions & { readonly files: FileTexts },
): Promise<ControlledApp> {
  const { observer, random = Math.random, clock = monotonicClock } = options;
  const tlsFiles = await readTlsFiles(config, options.files);
  const tls = await appTls(config, tlsFiles);
  const pools = poolsOf(config, {
    random,
    clock,
    observer,
    // Those whose sessions they are hear of the change, and end them.
    closeSessionsOf: () => {},
    hooks: (pool) => ({ onChange: () => onChange(pool) }),
  });
  return { tlsFiles, tls, pools, monitors: monitorsOf(pools, config, { tls, random, observer }) };
}
