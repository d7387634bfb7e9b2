import {
  App,
  type FileTexts,
  type NextTlsFiles,
  Overrides,
  type PoolRef,
  readTlsFiles,
  type TlsFiles,
} from "../../app/mod.ts";
import type { AppConfig, Config } from "../../config/parsed.ts";
import type { OwnListeners } from "../../dial/mod.ts";
import type { ThreadCounters } from "../../metrics/mod.ts";
import type { Transport } from "../../net/mod.ts";
import type { TargetState } from "../../pool/mod.ts";
import type { LocalSessions } from "./local_sessions.ts";
import type { ProxyObserver } from "../proxy_observer.ts";
import { retained } from "../_retained.ts";
import { type NextApps, prepareApps, startError } from "../reload/next_apps.ts";
import type { ReloadStep } from "../reload/reloader.ts";
import type { WorkerContext } from "../worker_context.ts";

export interface LocalAppsOptions {
  readonly observer: ProxyObserver;
  readonly sessions: LocalSessions;
  readonly counters: ThreadCounters;
  /** When the proxy started, on the clock. */
  readonly startedMs: number;
  /** The listeners of the whole proxy. */
  readonly own: OwnListeners;
  /** What sessions use for their sockets; default those of the runtime. */
  readonly transport: Transport | undefined;
  /** Set in a worker. */
  readonly context: Pick<WorkerContext, "apps" | "report"> | undefined;
}

/** The apps in effect in this thread. */
export class LocalApps {
  readonly #options: LocalAppsOptions;
  /** What operators have set for the apps; a worker has it from the control plane. */
  readonly #overrides = new Overrides();
  #byName: ReadonlyMap<string, App> = new Map();

  constructor(options: LocalAppsOptions) {
    this.#options = options;
  }

  /** By name, in the order of the config. */
  get byName(): ReadonlyMap<string, App> {
    return this.#byName;
  }

  get(name: string): App | undefined {
    return this.#byName.get(name);
  }

  /**
   * Builds the apps of the first config; starts nothing.
   *
   * @throws {StartError} when one cannot work; {@link LocalApps.stop} stops those before it.
   */
  async build({ apps: configs }: Config, files: FileTexts): Promise<void> {
    const apps = new Map<string, App>();
    // Set first, so that stopping the proxy stops them.
    this.#byName = apps;
    for (const app of configs) {
      try {
        const texts = this.#options.context?.apps.get(app.name)?.tlsFiles ?? await readTlsFiles(app, files);
        apps.set(app.name, await this.#create(app, texts));
      } catch (error) {
        throw startError(app.name, error);
      }
    }
  }

  /** Begins to check and discover. */
  async start(): Promise<void> {
    await Promise.all([...this.#byName.values()].map((app) => app.start()));
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#byName.values()].map((app) => app.stop()));
  }

  /**
   * Compiles the texts of apps whose files have changed. Nothing changes until what this resolves with is called.
   *
   * @throws {TlsError} when one of them cannot work.
   */
  async prepareFiles(changed: readonly NextTlsFiles[]): Promise<() => void> {
    const prepared = await Promise.all(changed.map(({ app: name, tlsFiles }) => {
      const app = this.get(name);
      return app?.prepare(app.config, tlsFiles);
    }));
    return () => {
      for (const app of prepared) app?.commit();
    };
  }

  /**
   * Gets the apps of another config ready.
   *
   * @throws {StartError} when one cannot work; nothing has changed.
   */
  prepare(step: ReloadStep): Promise<NextApps<App>> {
    return prepareApps(step, {
      current: this.#byName,
      create: (config, files) => this.#create(config, files),
    });
  }

  /** Puts prepared apps into effect; the caller stops those that are gone. */
  commit(next: NextApps<App>): void {
    next.commit();
    this.#byName = next.apps;
  }

  /** Forgets what operators have set for apps and targets that a reload has removed. */
  retainOverrides(): void {
    this.#overrides.retain(
      [...this.#byName.values()].map((app) => retained(app.config, app.targets().map(({ label }) => label))),
    );
  }

  /** Takes over what the control plane knows of the targets of one pool. */
  follow({ app, pool }: PoolRef, states: readonly TargetState[]): void {
    this.get(app)?.follow(pool, states);
  }

  async #create(config: AppConfig, files: TlsFiles): Promise<App> {
    const { observer, sessions, counters, startedMs, own, transport, context } = this.#options;
    const app = context?.apps.get(config.name);
    return await App.create(config, files, {
      ...sessions.shared,
      observer,
      tally: counters.app(config.name),
      startedMs,
      fdPressure: sessions.pressure.dials,
      transport,
      listeners: own,
      overrides: app?.overrides ?? this.#overrides.of(config.name),
      closeSessionsOf: (target) => sessions.endThoseOf(target),
      worker: context === undefined || app === undefined ? undefined : {
        context: app,
        report: (target, outcome) => context.report(target, outcome),
      },
    });
  }
}
