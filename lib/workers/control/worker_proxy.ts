import { monotonicClock } from "../../base/mod.ts";
import type { Config } from "../../config/mod.ts";
import type { PoolRef } from "../../app/mod.ts";
import {
  Certificates,
  type ConnectionQuestion,
  ControlPlane,
  explainConnection,
  type Explanation,
  type ListenerInfo,
  type ProxyControl,
  type ProxyStatus,
  type ReloadResult,
  type RuntimeSnapshot,
  statusOf,
  type WallTime,
} from "../../proxy/mod.ts";
import { runtimeAtLeast } from "../../runtime/mod.ts";
import { ListenSockets } from "./listen_sockets.ts";
import type { SessionsReported, StartMessage, TargetRecord } from "../channel/messages.ts";
import type { WorkersObserver } from "./observer.ts";
import { type Sandbox, sandboxOf } from "./sandbox.ts";
import { SharedLimits } from "../shared/shared_limits.ts";
import { commitEverywhere } from "./two_phase_commit.ts";
import { Supervisor } from "./supervisor.ts";

export interface WorkerProxyOptions extends WallTime {
  /** How many threads, at least 1. */
  readonly workers: number;
  readonly observer: WorkersObserver;
  /**
   * Which sessions the observer is told of: all (the default), or those alone that the operational log may have to
   * speak of, which saves a message for each of the others.
   */
  readonly sessions?: SessionsReported;
  /** The module that workers run; default this program's. */
  readonly module?: URL;
  /** What the runtime allows workers; default what the config needs. */
  readonly permissions?: Sandbox;
}

/**
 * A proxy of several threads. Each worker carries connections from their beginning to their end; this thread carries none,
 * and does once what is to be done once: files, discovery, checks, logs.
 */
export class WorkerProxy implements ProxyControl {
  readonly #control: ControlPlane;
  readonly #sockets: ListenSockets;
  readonly #limits: SharedLimits;
  readonly #workers: number;
  readonly #supervisor: Supervisor;
  readonly #certificates: Certificates;
  /** Pools of which workers must be told, once this task is over. */
  readonly #changed = new Map<string, PoolRef>();
  readonly #startedMs = monotonicClock.nowMs();
  #reloads = 0;
  #drained: Promise<void> | undefined;
  #stopped: Promise<void> | undefined;

  /**
   * Opens every listener of the config, or none.
   *
   * @throws {StartError} when one cannot be opened, or the workers cannot be started; it says why.
   */
  static async start(config: Config, options: WorkerProxyOptions): Promise<WorkerProxy> {
    const { observer } = options;
    const control = await ControlPlane.prepare(config, { observer });
    const proxy = new WorkerProxy({ control, sockets: ListenSockets.open(config, observer) }, options);
    control.listensOn(proxy.listeners());
    try {
      await Promise.all([control.start((place) => proxy.#change(place)), proxy.#supervisor.bind()]);
      proxy.#supervisor.accept();
      proxy.#certificates.watch();
      return proxy;
    } catch (error) {
      proxy.#supervisor.terminate();
      await proxy.stop();
      throw error;
    }
  }

  private constructor(parts: { control: ControlPlane; sockets: ListenSockets }, options: WorkerProxyOptions) {
    this.#control = parts.control;
    this.#sockets = parts.sockets;
    const { config } = parts.sockets;
    const { workers: count, observer } = options;
    this.#limits = new SharedLimits(config, count);
    this.#workers = count;
    this.#supervisor = new Supervisor({
      count,
      config,
      observer,
      limits: this.#limits,
      module: options.module ?? new URL("../worker/entry.ts", import.meta.url),
      permissions: options.permissions ?? sandboxOf(config, { unixIsNet: runtimeAtLeast(2, 9) }),
      startMessage: (worker) => this.#startMessage(worker, options.sessions ?? "all"),
      onReport: ({ target, outcome }) => this.#control.report(target, outcome),
    });
    this.#certificates = new Certificates(config, {
      ...options,
      files: this.#control.files,
      apply: async (changed, commit) => {
        const use = await this.#control.prepare(changed);
        return await commitEverywhere(this.#supervisor, {
          reload: ++this.#reloads,
          changed,
          commit: () => {
            use();
            commit();
          },
        });
      },
    });
  }

  listeners(): readonly ListenerInfo[] {
    return this.#sockets.config.apps.flatMap(({ name: app, listen }) =>
      listen.map((address) => ({ app, address }))
    );
  }

  activeSessions(): number {
    return this.#limits.active;
  }

  reload(): Promise<ReloadResult> {
    return this.#certificates.reload();
  }

  status(): ProxyStatus {
    return statusOf(this.#sockets.config, this.#snapshot());
  }

  explain(question: ConnectionQuestion): Explanation {
    return explainConnection(this.#sockets.config, question, this.#snapshot());
  }

  drain(): Promise<void> {
    return this.#drained ??= this.#end("drain");
  }

  stop(): Promise<void> {
    return this.#stopped ??= this.#end("stop");
  }

  async #end(how: "drain" | "stop"): Promise<void> {
    // First, so that the queue ends with the last worker, which empties it.
    this.#sockets.close();
    await this.#supervisor.end(how);
    this.#certificates.stop();
    await this.#control.stop();
  }

  #snapshot(): RuntimeSnapshot {
    return {
      listeners: this.listeners(),
      workers: this.#workers,
      sessions: this.activeSessions(),
      isEnding: this.#drained !== undefined,
      sessionsOf: (app) => this.#limits.sessionsOf(app),
      pools: (app) => {
        const states = this.#control.states(app);
        return this.#control.snapshot(
          app,
          (pool) => this.#limits.takenOf({ app, pool }, states.get(pool) ?? []),
        );
      },
    };
  }

  #startMessage(worker: number, sessions: SessionsReported): Omit<StartMessage, "nowMs"> {
    const { config } = this.#sockets;
    return {
      kind: "start",
      worker,
      config,
      startedMs: this.#startedMs,
      memory: this.#limits.common,
      // A path can be bound once.
      hasUnixListeners: worker === 0,
      sessions,
      apps: new Map(config.apps.map(({ name: app }) => [app, {
        tlsFiles: this.#control.tlsFiles(app),
        memory: this.#limits.app(app),
        pools: new Map(
          [...this.#control.states(app).keys()].map((pool) => [pool, this.#records({ app, pool })]),
        ),
      }])),
    };
  }

  #records(pool: PoolRef): TargetRecord[] {
    return this.#limits.recordsOf(pool, this.#control.states(pool.app).get(pool.pool) ?? []);
  }

  /** Notes that a pool has changed; one answer of the DNS changes many targets, and workers are told once. */
  #change(place: PoolRef): void {
    const isFirst = this.#changed.size === 0;
    this.#changed.set(`${place.app} ${place.pool}`, place);
    if (isFirst) queueMicrotask(() => this.#tellChanges());
  }

  #tellChanges(): void {
    for (const place of this.#changed.values()) {
      this.#supervisor.post({ kind: "targets", place, targets: this.#records(place) });
    }
    this.#changed.clear();
  }
}
