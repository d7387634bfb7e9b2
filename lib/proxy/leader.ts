import { type Clock, errorMessage, monotonicClock, type Random } from "../base/mod.ts";
import type { AppConfig, Config } from "../config/mod.ts";
import { statesOf, type TargetState } from "../pool/mod.ts";
import { FileTexts } from "./file_texts.ts";
import { factsOf, type PoolFacts } from "./facts.ts";
import type { FollowedTarget, PoolPlace } from "./follower.ts";
import { type AppMaterials, type NextMaterials, readMaterials } from "./materials.ts";
import type { ProxyObserver } from "./observer.ts";
import { type AppPools, poolsOf } from "./pools.ts";
import { StartError } from "./start_error.ts";
import { type AppTls, appTls } from "./tls.ts";
import { type Upkeep, upkeepsOf } from "./upkeep.ts";

export interface LeaderOptions {
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
export class Leader {
  /** What was read of the apps' files at the start. */
  readonly files: FileTexts;
  readonly #apps: readonly LedApp[];
  readonly #changes: Changes;

  /**
   * Reads the apps' files and builds their pools; starts nothing.
   *
   * @throws {StartError} when an app cannot work; it says which and why.
   */
  static async prepare(config: Config, options: LeaderOptions): Promise<Leader> {
    const apps: LedApp[] = [];
    const changes: Changes = { tell: () => {} };
    const files = new FileTexts();
    for (const [index, app] of config.apps.entries()) {
      try {
        apps.push(await lead(app, (pool) => changes.tell({ app: index, pool }), { ...options, files }));
      } catch (error) {
        throw new StartError(`start app "${app.name}": ${errorMessage(error)}`, { cause: error });
      }
    }
    return new Leader(apps, { changes, files });
  }

  private constructor(apps: readonly LedApp[], { changes, files }: { changes: Changes; files: FileTexts }) {
    this.#apps = apps;
    this.files = files;
    this.#changes = changes;
  }

  /**
   * Begins discovery and checks; resolves when each discovery has had its first answer, or after 3 s. `onChange` is called
   * when something that {@link Leader.states} says of a pool has changed.
   */
  async start(onChange: (place: PoolPlace) => void): Promise<void> {
    this.#changes.tell = onChange;
    await Promise.all(this.#apps.flatMap(({ upkeeps }) => upkeeps.map((upkeep) => upkeep.start())));
  }

  async stop(): Promise<void> {
    await Promise.all(this.#apps.flatMap(({ upkeeps }) => upkeeps.map((upkeep) => upkeep.stop())));
  }

  /**
   * Compiles the texts of apps whose files have changed. Nothing changes until what this resolves with is called: then
   * checks use them, and {@link Leader.materials} gives them.
   *
   * @throws {TlsError} when one of them cannot work.
   */
  async prepare(changed: readonly NextMaterials[]): Promise<() => void> {
    const uses = await Promise.all(changed.map(async ({ app: index, materials }) => {
      const app = this.#app(index);
      const use = await app.tls.prepare(materials);
      return (): void => {
        use();
        app.materials = materials;
      };
    }));
    return () => {
      for (const use of uses) use();
    };
  }

  /** The texts of an app's files, by its place in the config. */
  materials(app: number): AppMaterials {
    return this.#app(app).materials;
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
  facts(app: number, active: (pool: number) => readonly (number | undefined)[]): PoolFacts[] {
    const { pools, upkeeps } = this.#app(app);
    return pools.all.map((pool, index) => factsOf(pool, { upkeep: upkeeps[index], active: active(index) }));
  }

  /** Notes how a connection of some thread to a target went. */
  report({ app, pool: at, index, label }: FollowedTarget, outcome: "succeeded" | "failed"): void {
    const pool = this.#app(app).pools.all[at];
    const hinted = pool?.targets[index];
    const target = hinted?.label === label ? hinted : pool?.targets.find((each) => each.label === label);
    if (target !== undefined) pool?.report(target, outcome);
  }

  #app(index: number): LedApp {
    const app = this.#apps[index];
    if (app === undefined) {
      throw new RangeError(`the app is number ${index}, one of ${this.#apps.length} was wanted`);
    }
    return app;
  }
}

/** Who is told of changes. */
interface Changes {
  tell: (place: PoolPlace) => void;
}

interface LedApp {
  materials: AppMaterials;
  readonly tls: AppTls;
  readonly pools: AppPools;
  readonly upkeeps: readonly Upkeep[];
}

async function lead(
  config: AppConfig,
  onChange: (pool: number) => void,
  options: LeaderOptions & { readonly files: FileTexts },
): Promise<LedApp> {
  const { observer, random = Math.random, clock = monotonicClock } = options;
  const materials = await readMaterials(config, options.files);
  const tls = await appTls(config, materials);
  const pools = poolsOf(config, {
    random,
    clock,
    observer,
    // Those whose sessions they are hear of the change, and end them.
    closeSessionsOf: () => {},
    hooks: (pool) => ({ onChange: () => onChange(pool) }),
  });
  return { materials, tls, pools, upkeeps: upkeepsOf(pools, config, { tls, random, observer }) };
}
