import { type Address, type Clock, errorMessage, monotonicClock, type Random } from "../base/mod.ts";
import type { AppConfig, Config } from "../config/mod.ts";
import { Starvation } from "../dial/mod.ts";
import {
  type Accepted,
  type AcceptGate,
  Listener,
  type ListenerOptions,
  ListenError,
} from "../listen/mod.ts";
import type { TargetState } from "../pool/mod.ts";
import { BufferPool, Sweep, sweepPeriodMs } from "../relay/mod.ts";
import {
  Session,
  type SessionApp,
  type SessionOrigin,
  type SessionShared,
  SessionTable,
} from "../session/mod.ts";
import {
  admissionGate,
  type AppParts,
  assembleApp,
  FileTexts,
  localPermits,
  type NextTlsFiles,
  type PoolRef,
  poolSnapshot,
  readTlsFiles,
} from "../app/mod.ts";
import { Certificates, type WallTime } from "./certificates.ts";
import type { ListenerInfo, ProxyControl } from "./control.ts";
import { type ConnectionQuestion, explainConnection, type Explanation } from "./explain.ts";
import { countByApp, type RuntimeSnapshot } from "./runtime_snapshot.ts";
import type { ProxyObserver } from "./observer.ts";
import type { WorkerContext } from "./worker_context.ts";
import type { ReloadResult } from "./reload_result.ts";
import { removeStaleSocket } from "./stale_socket.ts";
import { StartError } from "./start_error.ts";
import { type ProxyStatus, statusOf } from "./status.ts";

export interface ProxyOptions extends WallTime {
  readonly observer: ProxyObserver;
  /** Default `Math.random`. */
  readonly random?: Random;
  /** Default the runtime's monotonic clock. */
  readonly clock?: Clock;
  /** What this one of several shares with the others; default it is the only one. */
  readonly context?: WorkerContext;
}

/** The proxy in this thread. */
export class Proxy implements ProxyControl {
  readonly #config: Config;
  readonly #observer: ProxyObserver;
  readonly #context: WorkerContext | undefined;
  readonly #shared: SessionShared;
  readonly #sweep: Sweep<Session>;
  readonly #sessions: SessionTable;
  readonly #listeners: { readonly app: string; readonly listener: Listener }[] = [];
  readonly #apps: AppParts[] = [];
  readonly #files = new FileTexts();
  readonly #certificates: Certificates;
  readonly #startedMs: number;
  readonly #starvation: Starvation;
  #lastId = 0;
  #drained: Promise<void> | undefined;

  /**
   * Opens every listener of the config, or none.
   *
   * @throws {StartError} when one cannot be opened; it says which app's, where, and why.
   */
  static async start(config: Config, options: ProxyOptions): Promise<Proxy> {
    const proxy = new Proxy(config, options);
    try {
      await proxy.#open();
    } catch (error) {
      await proxy.stop();
      throw error;
    }
    return proxy;
  }

  private constructor(config: Config, options: ProxyOptions) {
    this.#config = config;
    this.#observer = options.observer;
    this.#context = options.context;
    const clock = options.clock ?? monotonicClock;
    this.#startedMs = options.context?.startedMs ?? clock.nowMs();
    this.#sweep = new Sweep(sweepPeriodMs(limitsOf(config)), clock);
    this.#sessions = new SessionTable(this.#sweep);
    this.#certificates = new Certificates(config, {
      ...options,
      files: this.#files,
      apply: async (changed, commit) => {
        const use = await this.prepare(changed);
        use();
        commit();
        return [];
      },
    });
    this.#starvation = new Starvation({ everywhere: options.context?.starved });
    this.#shared = {
      ticker: this.#sweep,
      buffers: new BufferPool(),
      clock,
      random: options.random ?? Math.random,
      observer: {
        sessionEnded: (session): void => {
          this.#sessions.delete(session);
          this.#observer.sessionEnded(session);
        },
      },
    };
  }

  /** Of a proxy that follows, its leader is asked for a reload. */
  async reload(): Promise<ReloadResult> {
    if (this.#context !== undefined) throw new Error("reload: this proxy follows, the leader was wanted");
    return await this.#certificates.reload();
  }

  /**
   * Compiles the texts of apps whose files have changed. Nothing changes until what this resolves with is called.
   *
   * @throws {TlsError} when one of them cannot work.
   */
  async prepare(changed: readonly NextTlsFiles[]): Promise<() => void> {
    const uses = await Promise.all(
      changed.map(({ app, tlsFiles }) => this.#apps[app]?.tls.prepare(tlsFiles)),
    );
    return () => {
      for (const use of uses) use?.();
    };
  }

  listeners(): readonly ListenerInfo[] {
    return this.#listeners.map(({ app, listener }) => ({ app, address: listener.address }));
  }

  activeSessions(): number {
    return this.#sessions.size;
  }

  status(): ProxyStatus {
    return statusOf(this.#config, this.#view());
  }

  explain(question: ConnectionQuestion): Explanation {
    return explainConnection(this.#config, question, this.#view());
  }

  #view(): RuntimeSnapshot {
    let counts: ReadonlyMap<SessionApp, number> | undefined;
    return {
      listeners: this.listeners(),
      workers: 1,
      sessions: this.activeSessions(),
      isEnding: this.#drained !== undefined,
      sessionsOf: (index) => {
        const app = this.#apps[index]?.session;
        counts ??= countByApp(this.#sessions.list());
        return app === undefined ? 0 : counts.get(app) ?? 0;
      },
      pools: (index) => {
        const { pools = [], monitors = [] } = this.#apps[index] ?? {};
        return pools.map((pool, at) => poolSnapshot(pool, { monitor: monitors[at] }));
      },
    };
  }

  /** Takes over what the leader of all threads knows of the targets of one pool. */
  follow({ app, pool }: PoolRef, states: readonly TargetState[]): void {
    this.#apps[app]?.pools[pool]?.follow(states);
  }

  drain(): Promise<void> {
    return this.#drained ??= this.#drain();
  }

  async stop(): Promise<void> {
    const closed = this.#listeners.map(({ listener }) => listener.closeNow());
    this.#sessions.endAll();
    await Promise.all(closed);
    this.#sessions.endAll();
    await this.#sessions.whenEmpty();
    await this.#stopUpkeep();
  }

  async #drain(): Promise<void> {
    await Promise.all(this.#listeners.map(({ listener }) => listener.close()));
    await this.#sessions.drain({
      timeoutMs: this.#config.shutdown.drainTimeoutMs,
      onProgress: (left, leftMs) => this.#observer.draining(left, leftMs),
    });
    await this.#stopUpkeep();
  }

  /** Ends what runs beside the sessions. */
  async #stopUpkeep(): Promise<void> {
    this.#sweep.stop();
    this.#certificates.stop();
    for (const { pools } of this.#apps) for (const pool of pools) pool.stop();
    await Promise.all(this.#apps.flatMap(({ monitors }) => monitors.map((monitor) => monitor.stop())));
  }

  async #open(): Promise<void> {
    const { clock } = this.#shared;
    const context = this.#context;
    for (const [index, config] of this.#config.apps.entries()) {
      const parts = await this.#assemble(config, index);
      this.#apps.push(parts);
      const gate = admissionGate(context?.apps[index] ?? localPermits(config, clock), clock);
      for (const address of config.listen) {
        if (address.kind === "unix" && context?.hasUnixListeners === false) continue;
        try {
          const listener = await this.#listen(address, parts.session, gate);
          this.#listeners.push({ app: config.name, listener });
        } catch (error) {
          if (!(error instanceof ListenError)) throw error;
          throw new StartError(`start app "${config.name}": ${error.message}`, { cause: error });
        }
      }
    }
    await Promise.all(this.#apps.flatMap(({ monitors }) => monitors.map((monitor) => monitor.start())));
    await context?.mayAccept(this);
    if (context === undefined) this.#certificates.watch();
    // Only when all are bound: a client must not be served by a proxy that is about to give up.
    for (const { listener } of this.#listeners) listener.start();
  }

  async #assemble(config: AppConfig, index: number): Promise<AppParts> {
    const context = this.#context;
    const app = context?.apps[index];
    try {
      return await assembleApp(config, {
        ...this.#shared,
        observer: this.#observer,
        startedMs: this.#startedMs,
        tlsFiles: app?.tlsFiles ?? await readTlsFiles(config, this.#files),
        starvation: this.#starvation,
        followed: context === undefined || app === undefined ? undefined : {
          app,
          report: (target, outcome) => context.report({ app: index, ...target }, outcome),
        },
        closeSessionsOf: (target) => {
          for (const session of this.#sessions.list()) {
            if (session.target?.target === target) session.end("target_down");
          }
        },
      });
    } catch (error) {
      throw new StartError(`start app "${config.name}": ${errorMessage(error)}`, { cause: error });
    }
  }

  async #listen(address: Address, app: SessionApp, gate: AcceptGate | undefined): Promise<Listener> {
    const options: ListenerOptions = {
      observer: this.#observer,
      gate,
      shared: this.#context !== undefined,
      // The socket of a path has one thread alone, which nobody can relieve.
      turn: (signal) =>
        this.#starvation.hold(signal) ?? (address.kind === "tcp" ? this.#context?.turn() : undefined),
      onConnection: (conn, listener, place) =>
        this.#begin(conn, { id: this.#nextId(), app, listener, place }),
    };
    try {
      return Listener.open(address, options);
    } catch (error) {
      if (!(error instanceof ListenError && await removeStaleSocket(error))) throw error;
      return Listener.open(address, options);
    }
  }

  #nextId(): number {
    return this.#context?.beginSession() ?? ++this.#lastId;
  }

  #begin(conn: Accepted, origin: SessionOrigin): void {
    const session = new Session(conn, origin, this.#shared);
    this.#sessions.add(session);
    // run() settles everything itself; a rejection is a defect in an observer, and it must not end the process unseen.
    session.run().catch((error) => this.#observer.defect(error));
  }
}

function limitsOf(config: Config): number[] {
  return config.apps.flatMap((app) => [
    app.idleTimeoutMs,
    app.halfCloseTimeoutMs,
    app.maxLifetimeMs,
    // A dial gets its timer at the first sweep that finds it.
    app.connectTimeoutMs,
    app.connectDeadlineMs,
  ]);
}
