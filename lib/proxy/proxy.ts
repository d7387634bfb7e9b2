import { type Address, type Clock, monotonicClock, type Random } from "../base/mod.ts";
import {
  App,
  FileTexts,
  type NextTlsFiles,
  Overrides,
  type PoolRef,
  readTlsFiles,
  type TlsFiles,
} from "../app/mod.ts";
import {
  type CaptureRequest,
  type CaptureStart,
  LocalCaptures,
  type ThreadCaptures,
  wallClock,
} from "../capture/mod.ts";
import type { AppConfig, Config } from "../config/mod.ts";
import { FdPressure, isUnspecified, Loops, OwnListeners } from "../dial/mod.ts";
import { type CountersSnapshot, LoopDelay, type MetricsSnapshot, ThreadCounters } from "../metrics/mod.ts";
import type { Connection, Transport } from "../net/mod.ts";
import type { TargetState } from "../pool/mod.ts";
import { BufferPool, Sweep, sweepPeriodMs } from "../relay/mod.ts";
import { Session, type SessionOptions, type SessionOrigin, SessionTable } from "../session/mod.ts";
import type { ProxyControl } from "./control.ts";
import { LocalOperations } from "./local_operations.ts";
import { DescriptorShares } from "./descriptor_shares.ts";
import { explainConnection } from "./explain/explain.ts";
import type { ConnectionQuestion, Explanation } from "./explain/explanation.ts";
import { Listeners, type PreparedListeners, type WantedListeners } from "./listeners.ts";
import { metricsOf } from "./metrics_of.ts";
import { ownListeners } from "./_own_listeners.ts";
import type { ProxyObserver } from "./proxy_observer.ts";
import { retained } from "./_retained.ts";
import { prepareApps, startError } from "./reload/next_apps.ts";
import { Reloader, type ReloadStep, type WallTime } from "./reload/reloader.ts";
import type { ReloadPlan, ReloadProblem, ReloadResult } from "./reload/reload_result.ts";
import { countByApp, type ListenerInfo, type RuntimeSnapshot } from "./runtime_snapshot.ts";
import { StartError } from "./start_error.ts";
import { type ProxyStatus, statusOf } from "./status.ts";
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

/** The next config's targets and listeners, for a proxy that another one replaces. */
export interface Retirement {
  /** The labels of all targets of the new config, by app. */
  readonly targets: ReadonlyMap<string, readonly string[]>;
  /** The other proxy's listeners, as text. */
  readonly listeners: readonly string[];
  /** How long sessions of other apps and targets may go on; `Infinity` for as long as they like. */
  readonly obsoleteMs: number;
}

/** The proxy in this thread. */
export class Proxy implements ProxyControl {
  readonly operations: LocalOperations;
  readonly #observer: ProxyObserver;
  readonly #context: WorkerContext | undefined;
  readonly #transport: Transport | undefined;
  readonly #shared: SessionOptions;
  readonly #sweep: Sweep<Session>;
  readonly #sessions: SessionTable;
  readonly #listeners: Listeners;
  /** By name, in the order of the config. */
  #apps: ReadonlyMap<string, App> = new Map();
  readonly #reloader: Reloader;
  readonly #startedMs: number;
  readonly #fdPressure: FdPressure;
  readonly #shares: DescriptorShares;
  readonly #pausedListeners = new Set<Address>();
  readonly #own = new OwnListeners();
  /** What operators have set for the apps; a worker has it from the control plane. */
  readonly #overrides = new Overrides();
  readonly #captures: LocalCaptures;
  readonly #counters: ThreadCounters;
  /** Only metrics of the admin API show it. */
  readonly #loopDelay: LoopDelay | undefined;
  #lastId = 0;
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
    this.#observer = options.observer;
    this.#context = options.context;
    this.#transport = options.transport;
    const clock = options.clock ?? monotonicClock;
    this.#startedMs = options.context?.startedMs ?? clock.nowMs();
    this.#sweep = new Sweep(sweepPeriodMs(limitsOf(config)), clock);
    this.#sessions = new SessionTable(this.#sweep);
    this.#loopDelay = config.admin === undefined ? undefined : new LoopDelay();
    this.#counters = new ThreadCounters({
      clock,
      thread: options.context?.thread ?? "main",
      targets: (app) => this.#apps.get(app)?.targets(),
      sessions: () => this.#sessions.list(),
      loopDelay: () => this.#loopDelay?.snapshot(),
    });
    this.#reloader = new Reloader(config, {
      ...options,
      files,
      isBroken: () => this.#listeners.hasLost(),
      apply: (step, commit) => this.#apply(step, commit),
    });
    this.#captures = new LocalCaptures({
      clock: () => wallClock(clock),
      sessions: () => this.#sessions.list(),
      defect: (error) => this.#observer.defect(error),
    });
    this.#shares = new DescriptorShares({
      clock,
      sessions: () => this.#sessions.list(),
      apps: () => this.#reloader.config.apps.length,
      isLacking: () => this.#pausedListeners.size > 0 || this.#fdPressure.isLacking,
    });
    this.#fdPressure = new FdPressure({
      everywhere: options.context?.starved,
      onWant: () => this.#shares.lacks(),
    });
    this.#shared = {
      ticker: this.#sweep,
      buffers: new BufferPool(),
      clock,
      random: options.random ?? Math.random,
      activeIntervalMs: activeIntervalOf(config),
      loops: new Loops(this.#own, options.context?.crossings),
      observer: {
        sessionEnded: (session): void => {
          this.#sessions.delete(session);
          this.#shares.ended(session.app.name);
          this.#observer.sessionEnded(session);
        },
        sessionActive: (session): void => this.#observer.sessionActive?.(session),
      },
    };
    this.operations = new LocalOperations({
      clock,
      sessions: this.#sessions,
      apps: () => this.#apps,
    });
    this.#listeners = new Listeners({
      observer: {
        acceptPaused: (address, error) => {
          this.#pausedListeners.add(address);
          this.#counters.acceptPaused();
          this.#shares.lacks();
          this.#observer.acceptPaused(address, error);
        },
        acceptResumed: (address, pausedMs) => {
          this.#pausedListeners.delete(address);
          this.#counters.acceptResumed(pausedMs);
          this.#observer.acceptResumed(address, pausedMs);
        },
        socketFileChanged: (app, path, change) => this.#observer.socketFileChanged(app, path, change),
      },
      schedule: options.schedule,
      transport: options.transport,
      shared: this.#context !== undefined,
      unixNames: this.#context?.unixNames,
      own: this.#own,
      // The socket of a path has one thread alone, which nobody can relieve.
      turn: ({ wanted, app }, signal) =>
        this.#fdPressure.hold(signal) ?? this.#shares.hold(app, signal) ??
          (wanted.kind === "tcp" ? this.#context?.turn() : undefined),
      begin: (conn, { app, listener, place }) => {
        if (listener.kind === "tcp" && isUnspecified(listener.host) && conn.local.kind === "tcp") {
          this.#own.noteLocal(conn.local.host);
        }
        this.#begin(conn, { id: this.#nextId(), app: app.session, listener, place });
      },
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
  async prepare(changed: readonly NextTlsFiles[]): Promise<() => void> {
    const prepared = await Promise.all(changed.map(({ app: name, tlsFiles }) => {
      const app = this.#apps.get(name);
      return app?.prepare(app.config, tlsFiles);
    }));
    return () => {
      for (const app of prepared) app?.commit();
    };
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
    return this.#sessions.size;
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
    return this.#captures.start(request);
  }

  /** The captures of this thread, for the control plane that leads them. */
  get captures(): ThreadCaptures {
    return this.#captures.thread;
  }

  #snapshot(): RuntimeSnapshot {
    let counts: ReadonlyMap<string, number> | undefined;
    return {
      listeners: this.listeners(),
      workers: 1,
      sessions: this.activeSessions(),
      isEnding: this.#drained !== undefined,
      sessionsOf: (app) => {
        counts ??= countByApp(this.#sessions.list());
        return counts.get(app) ?? 0;
      },
      isPaused: (app) => this.#apps.get(app)?.resumed !== undefined,
      faults: (app) => this.#apps.get(app)?.faults(Date.now()) ?? [],
      pools: (app) => this.#apps.get(app)?.snapshot() ?? [],
    };
  }

  /** Takes over what the control plane knows of the targets of one pool. */
  follow({ app, pool }: PoolRef, states: readonly TargetState[]): void {
    this.#apps.get(app)?.follow(pool, states);
  }

  /** @param timeoutMs default as the config says. */
  drain(timeoutMs = this.#reloader.config.shutdown.drainTimeoutMs): Promise<void> {
    return this.#drained ??= this.#drain(timeoutMs);
  }

  /** Accepts nothing more, as another proxy with another config takes over; resolves when that is so. */
  async retire({ targets, listeners, obsoleteMs }: Retirement): Promise<void> {
    // Who waits for an app that is gone has nobody else to resume it.
    for (const [name, app] of this.#apps) if (!targets.has(name)) app.setPaused(false);
    await this.#listeners.leave(new Set(listeners));
    this.#endObsolete(obsoleteMs, ({ app, target }) => {
      const labels = targets.get(app.name);
      return labels === undefined || (target !== undefined && !labels.includes(target.target.label));
    });
  }

  /** Resolves when a proxy that retires has no session left. */
  async retired(): Promise<void> {
    await this.#listeners.ended();
    await this.#sessions.whenEmpty();
    await this.#stopApps();
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    const closed = this.#listeners.closeNow();
    this.#sessions.endAll();
    await closed;
    this.#sessions.endAll();
    await this.#sessions.whenEmpty();
    await this.#stopApps();
  }

  async #drain(timeoutMs: number): Promise<void> {
    await this.#listeners.close();
    await this.#sessions.drain({
      timeoutMs,
      onProgress: (left, leftMs) => this.#observer.draining(left, leftMs),
    });
    await this.#stopApps();
  }

  /** Ends what runs beside the sessions. */
  async #stopApps(): Promise<void> {
    this.#captures.stop();
    this.#sweep.stop();
    this.#shares.stop();
    this.#loopDelay?.[Symbol.dispose]();
    // One that is under way would go on with apps and listeners that nobody stops.
    await this.#reloader.stop();
    await Promise.all([...this.#apps.values()].map((app) => app.stop()));
  }

  async #open(files: FileTexts): Promise<void> {
    const context = this.#context;
    const { config } = this.#reloader;
    const apps = new Map<string, App>();
    // Set first, so that stopping the proxy stops them.
    this.#apps = apps;
    for (const app of config.apps) {
      try {
        const texts = context?.apps.get(app.name)?.tlsFiles ?? await readTlsFiles(app, files);
        apps.set(app.name, await this.#create(app, texts));
      } catch (error) {
        throw startError(app.name, error);
      }
    }
    const listeners = await this.#listeners.prepare(this.#wanted(config));
    // Checks and discovery begin before the listeners are in effect.
    this.#own.replace(ownListeners(listeners.list(), config.apps));
    try {
      await Promise.all([...apps.values()].map((app) => app.start()));
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
    await listeners.commit(apps);
  }

  /** Carries out a reload: everything that can fail first, then all of it in one turn. */
  async #apply(step: ReloadStep, commit: () => void): Promise<readonly ReloadProblem[]> {
    const next = await prepareApps(step, {
      current: this.#apps,
      create: (config, files) => this.#create(config, files),
    });
    let listeners: PreparedListeners;
    try {
      listeners = await this.#listeners.prepare(this.#wanted(step.config));
    } catch (error) {
      await next.discard();
      throw error;
    }
    const isConfig = step.diff.apps.some(({ change }) => change !== "kept");
    const ending = this.#isStopping ? "stopping" : this.#drained === undefined ? undefined : "draining";
    if ((isConfig || listeners.hasNew) && ending !== undefined) {
      await Promise.all([next.discard(), listeners.discard()]);
      throw new StartError(`reload: the proxy is ${ending}`);
    }
    next.commit();
    this.#apps = next.apps;
    commit();
    this.#sweep.setPeriod(sweepPeriodMs(limitsOf(step.config)));
    await listeners.commit(next.apps);
    await Promise.all(next.gone.map((app) => app.stop()));
    this.#overrides.retain(
      [...next.apps.values()].map((app) => retained(app.config, app.targets().map(({ label }) => label))),
    );
    const targets = new Set([...next.apps.values()].flatMap((app) => app.targets()));
    this.#endObsolete(
      obsoleteMs(step.config),
      ({ app, target }) => !next.apps.has(app.name) || (target !== undefined && !targets.has(target.target)),
    );
    return [];
  }

  /** Ends sessions that a reload has left without their app or target, within this time. */
  #endObsolete(timeoutMs: number, only: (session: Session) => boolean): void {
    if (timeoutMs === Infinity) return;
    this.#sessions.drain({ timeoutMs, only }).catch((error) => this.#observer.defect(error));
  }

  #wanted({ apps }: Config): WantedListeners[] {
    return apps.map(({ name, listen }) => ({
      app: name,
      listen: listen.filter(({ kind }) => kind === "tcp" || this.#context?.hasUnixListeners !== false),
    }));
  }

  async #create(config: AppConfig, files: TlsFiles): Promise<App> {
    const context = this.#context;
    const app = context?.apps.get(config.name);
    return await App.create(config, files, {
      ...this.#shared,
      observer: this.#observer,
      tally: this.#counters.app(config.name),
      startedMs: this.#startedMs,
      fdPressure: this.#fdPressure,
      transport: this.#transport,
      listeners: this.#own,
      overrides: app?.overrides ?? this.#overrides.of(config.name),
      closeSessionsOf: (target) => {
        for (const session of this.#sessions.list()) {
          if (session.target?.target === target) session.end("target_down");
        }
      },
      worker: context === undefined || app === undefined ? undefined : {
        context: app,
        report: (target, outcome) => context.report(target, outcome),
      },
    });
  }

  #nextId(): number {
    return this.#context?.beginSession() ?? ++this.#lastId;
  }

  #begin(conn: Connection, origin: SessionOrigin): void {
    const session = new Session(conn, origin, this.#shared);
    this.#sessions.add(session);
    this.#shares.began(session.app.name);
    this.#captures.thread.sessionBegan(session);
    // run() settles everything itself; a rejection is a defect in an observer, and it must not end the process unseen.
    session.run().catch((error) => this.#observer.defect(error));
  }
}

function limitsOf(config: Config): number[] {
  return [activeIntervalOf(config), ...config.apps.flatMap(limitsOfApp)];
}

/** How often a session that lasts is reported; `Infinity` for never. */
function activeIntervalOf({ log: { access, accessIntervalMs } }: Config): number {
  return access === false ? Infinity : accessIntervalMs;
}

function limitsOfApp(app: AppConfig): number[] {
  return [
    app.idleTimeoutMs,
    app.halfCloseTimeoutMs,
    app.maxLifetimeMs,
    // A dial gets its timer at the first sweep that finds it.
    app.connectTimeoutMs,
    app.connectDeadlineMs,
  ];
}

/** How long sessions may go on that a reload to this config leaves without their app or target. */
export function obsoleteMs({ onReload, shutdown }: Config): number {
  return { keep: Infinity, drain: shutdown.drainTimeoutMs, close: 0 }[onReload];
}
