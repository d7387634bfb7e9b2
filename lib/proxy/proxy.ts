import { type Clock, monotonicClock, type Random } from "../base/mod.ts";
import { FileTexts, type NextTlsFiles, type PoolRef } from "../app/mod.ts";
import type { CaptureRequest, CaptureStart, ThreadCaptures } from "../capture/mod.ts";
import type { Config } from "../config/parsed.ts";
import { OwnListeners } from "../dial/mod.ts";
import { type CountersSnapshot, LoopDelay, type MetricsSnapshot, ThreadCounters } from "../metrics/mod.ts";
import type { Transport } from "../net/mod.ts";
import type { TargetState } from "../pool/mod.ts";
import type { ProxyControl } from "./control.ts";
import { localListeners } from "./local/local_listeners.ts";
import { LocalApps } from "./local/local_apps.ts";
import { LocalEnd } from "./local/local_end.ts";
import { LocalOperations } from "./local/local_operations.ts";
import { applyReload } from "./local/local_reload.ts";
import { LocalSessions } from "./local/local_sessions.ts";
import { localSnapshot } from "./local/local_snapshot.ts";
import { explainConnection } from "./explain/explain.ts";
import type { ConnectionQuestion, Explanation } from "./explain/explanation.ts";
import type { Listeners } from "./listeners/listeners.ts";
import { metricsOf } from "./status/metrics_of.ts";
import { ownListeners } from "./listeners/own_listeners.ts";
import type { ProxyObserver } from "./proxy_observer.ts";
import { Reloader, type WallTime } from "./reload/reloader.ts";
import type { ReloadPlan, ReloadResult } from "./reload/reload_result.ts";
import type { Retirement } from "./retirement.ts";
import type { ListenerInfo, RuntimeSnapshot } from "./status/runtime_snapshot.ts";
import { type ProxyStatus, statusOf } from "./status/status.ts";
import type { WorkerContext } from "./worker_context.ts";

export interface ProxyOptions extends WallTime {
  readonly observer: ProxyObserver;
  /** Default `Math.random`. */
  readonly random?: Random;
  /** Default the runtime's monotonic clock. */
  readonly clock?: Clock;
  /** Set in a worker: what this one of several shares with the others. */
  readonly context?: WorkerContext;
  /** What sessions use for their sockets; default those of the runtime. */
  readonly transport?: Transport;
}

/** The proxy in this thread. */
export class Proxy implements ProxyControl {
  readonly operations: LocalOperations;
  readonly #context: WorkerContext | undefined;
  readonly #sessions: LocalSessions;
  readonly #apps: LocalApps;
  readonly #listeners: Listeners;
  readonly #reloader: Reloader;
  readonly #own = new OwnListeners();
  readonly #counters: ThreadCounters;
  /** Only metrics of the admin API show it. */
  readonly #loopDelay: LoopDelay | undefined;
  readonly #end: LocalEnd;

  /**
   * Opens every listener of the config, or none.
   *
   * @throws {StartError} when one cannot be opened; it says which app's, where, and why.
   */
  static async start(config: Config, options: ProxyOptions): Promise<Proxy> {
    const files = new FileTexts();
    const proxy = new Proxy(config, files, options);
    try {
      await proxy.#open(files);
    } catch (error) {
      await proxy.stop();
      throw error;
    }
    return proxy;
  }

  private constructor(config: Config, files: FileTexts, options: ProxyOptions) {
    const { observer, context, transport, clock = monotonicClock } = options;
    this.#context = context;
    this.#loopDelay = config.admin === undefined ? undefined : new LoopDelay();
    this.#counters = new ThreadCounters({
      clock,
      thread: context?.thread ?? "main",
      targets: (app) => this.#apps.get(app)?.targets(),
      sessions: () => this.#sessions.table.list(),
      loopDelay: () => this.#loopDelay?.snapshot(),
    });
    this.#reloader = new Reloader(config, {
      ...options,
      files,
      isBroken: () => this.#listeners.hasLost(),
      apply: async (step, commit) => {
        await applyReload(step, commit, {
          apps: this.#apps,
          listeners: this.#listeners,
          sessions: this.#sessions,
          ending: () => this.#end.state,
        });
        return [];
      },
    });
    this.#sessions = new LocalSessions(config, {
      clock,
      random: options.random ?? Math.random,
      observer,
      own: this.#own,
      context,
      apps: () => this.#reloader.config.apps.length,
    });
    this.#apps = new LocalApps({
      observer,
      sessions: this.#sessions,
      counters: this.#counters,
      startedMs: context?.startedMs ?? clock.nowMs(),
      own: this.#own,
      transport,
      context,
    });
    this.operations = new LocalOperations({
      clock,
      sessions: this.#sessions.table,
      apps: () => this.#apps.byName,
    });
    this.#listeners = localListeners({
      ...options,
      sessions: this.#sessions,
      counters: this.#counters,
      own: this.#own,
    });
    this.#end = new LocalEnd({
      observer,
      listeners: this.#listeners,
      sessions: this.#sessions,
      apps: this.#apps,
      reloader: this.#reloader,
      loopDelay: this.#loopDelay,
    });
  }

  /** A worker does not reload by itself: the control plane does. */
  async reload(next?: Config): Promise<ReloadResult> {
    if (this.#context !== undefined) throw new Error("reload: only the control plane reloads workers");
    return await this.#reloader.reload(next);
  }

  plan(next?: Config): Promise<ReloadPlan> {
    return this.#reloader.plan(next);
  }

  /**
   * Compiles the texts of apps whose files have changed. Nothing changes until what this resolves with is called.
   *
   * @throws {TlsError} when one of them cannot work.
   */
  prepare(changed: readonly NextTlsFiles[]): Promise<() => void> {
    return this.#apps.prepareFiles(changed);
  }

  listeners(): readonly ListenerInfo[] {
    return this.#listeners.list();
  }

  config(): Config {
    return this.#reloader.config;
  }

  isAlive(): Promise<boolean> {
    return Promise.resolve(this.#listeners.areAlive);
  }

  activeSessions(): number {
    return this.#sessions.table.size;
  }

  status(): ProxyStatus {
    return statusOf(this.#reloader.config, this.#snapshot());
  }

  /** What this thread has counted. */
  counters(): CountersSnapshot {
    return this.#counters.snapshot();
  }

  async metrics(): Promise<MetricsSnapshot> {
    const certificates = await this.#reloader.certificates();
    const workers = { count: 1, deaths: 0, restarts: 0 };
    return metricsOf(this.status(), { counters: this.counters(), workers, certificates });
  }

  explain(question: ConnectionQuestion): Explanation {
    return explainConnection(this.#reloader.config, question, this.#snapshot());
  }

  capture(request: CaptureRequest): Promise<CaptureStart> {
    return this.#sessions.captures.start(request);
  }

  /** The captures of this thread, for the control plane that leads them. */
  get captures(): ThreadCaptures {
    return this.#sessions.captures.thread;
  }

  #snapshot(): RuntimeSnapshot {
    return localSnapshot({
      listeners: this.#listeners,
      sessions: this.#sessions,
      apps: this.#apps,
      isEnding: this.#end.isDraining,
    });
  }

  /** Takes over what the control plane knows of the targets of one pool. */
  follow(pool: PoolRef, states: readonly TargetState[]): void {
    this.#apps.follow(pool, states);
  }

  /** @param timeoutMs default as the config says. */
  drain(
    others?: ReadonlySet<string>,
    timeoutMs = this.#reloader.config.shutdown.drainTimeoutMs,
  ): Promise<void> {
    return this.#end.drain(others, timeoutMs);
  }

  /** Accepts nothing more, as another proxy with another config takes over; resolves when that is so. */
  retire(retirement: Retirement): Promise<void> {
    return this.#end.retire(retirement);
  }

  /** Resolves when a proxy that retires has no session left. */
  retired(): Promise<void> {
    return this.#end.retired();
  }

  stop(): Promise<void> {
    return this.#end.stop();
  }

  async #open(files: FileTexts): Promise<void> {
    const context = this.#context;
    const { config } = this.#reloader;
    await this.#apps.build(config, files);
    const listeners = await this.#listeners.prepare(config);
    // Checks and discovery begin before the listeners are in effect.
    this.#own.replace(ownListeners(listeners.list(), config.apps));
    try {
      await this.#apps.start();
      await context?.mayAccept({
        listeners: () => listeners.list(),
        follow: (pool, states) => this.follow(pool, states),
        operations: this.operations,
      });
    } catch (error) {
      await listeners.discard();
      throw error;
    }
    if (context === undefined) this.#reloader.watch();
    // Only when all are bound: a client must not be served by a proxy that is about to give up.
    await listeners.commit(this.#apps.byName);
  }
}
