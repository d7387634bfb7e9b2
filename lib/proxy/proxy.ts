import { type Clock, MAX_TIMER_MS, monotonicClock, type Random } from "../base/mod.ts";
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
  readonly #observer: ProxyObserver;
  readonly #context: WorkerContext | undefined;
  readonly #sessions: LocalSessions;
  readonly #apps: LocalApps;
  readonly #listeners: Listeners;
  readonly #reloader: Reloader;
  readonly #own = new OwnListeners();
  readonly #counters: ThreadCounters;
  /** Only metrics of the admin API show it. */
  readonly #loopDelay: LoopDelay | undefined;
  #drained: Promise<void> | undefined;
  #isStopping = false;

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
    this.#observer = observer;
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
          ending: () => this.#ending(),
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
      isEnding: this.#drained !== undefined,
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
    return this.#drained ??= this.#drain(others, timeoutMs);
  }

  /** Accepts nothing more, as another proxy with another config takes over; resolves when that is so. */
  async retire({ targets, listeners, obsoleteMs }: Retirement): Promise<void> {
    // Who waits for an app that is gone has nobody else to resume it.
    for (const [name, app] of this.#apps.byName) if (!targets.has(name)) app.setPaused(false);
    await this.#listeners.leave(new Set(listeners));
    this.#sessions.endObsolete(obsoleteMs, ({ app, target }) => {
      const labels = targets.get(app.name);
      return labels === undefined || (target !== undefined && !labels.includes(target.target.label));
    });
  }

  /** Resolves when a proxy that retires has no session left. */
  async retired(): Promise<void> {
    await this.#listeners.ended();
    await this.#sessions.table.whenEmpty();
    await this.#stopApps();
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    const closed = this.#listeners.closeNow();
    this.#sessions.table.endAll();
    await closed;
    this.#sessions.table.endAll();
    await this.#sessions.table.whenEmpty();
    await this.#stopApps();
  }

  async #drain(others: ReadonlySet<string> | undefined, timeoutMs: number): Promise<void> {
    if (others === undefined) await this.#listeners.close();
    else await this.#listeners.leave(others);
    const endsAtMs = performance.now() + timeoutMs;
    const drain = (): Promise<void> =>
      this.#sessions.table.drain({
        timeoutMs: Math.max(0, endsAtMs - performance.now()),
        onProgress: (left, leftMs) => this.#observer.draining(left, leftMs),
      });
    if (others === undefined) await drain();
    else {
      // A connection that waits for a permit was accepted here, and becomes a session when another one ends.
      await Promise.all([drain(), settledWithin(this.#listeners.ended(), timeoutMs)]);
      await this.#listeners.closeNow();
      await drain();
    }
    await this.#stopApps();
  }

  /** Ends what runs beside the sessions. */
  async #stopApps(): Promise<void> {
    this.#sessions.stop();
    this.#loopDelay?.[Symbol.dispose]();
    // One that is under way would go on with apps and listeners that nobody stops.
    await this.#reloader.stop();
    await this.#apps.stop();
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

  #ending(): "stopping" | "draining" | undefined {
    if (this.#isStopping) return "stopping";
    return this.#drained === undefined ? undefined : "draining";
  }
}

/** Waits for a promise that never rejects, but no longer than so. */
async function settledWithin(promise: Promise<void>, limitMs: number): Promise<void> {
  const limit = Promise.withResolvers<void>();
  const timer = setTimeout(limit.resolve, Math.min(limitMs, MAX_TIMER_MS));
  await Promise.race([promise, limit.promise]);
  clearTimeout(timer);
}
