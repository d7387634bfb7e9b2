import type { Clock, Random } from "../base/mod.ts";
import type { AppConfig } from "../config/mod.ts";
import type { FdPressure, OwnListeners } from "../dial/mod.ts";
import { ClientTable } from "../limits/mod.ts";
import type { AcceptGate } from "../listen/mod.ts";
import type { Target, TargetState } from "../pool/mod.ts";
import type { BufferPool, Ticker } from "../relay/mod.ts";
import type { SessionApp } from "../session/mod.ts";
import { admissionGate, LocalPermits } from "./admission_gate.ts";
import { AppTargets } from "./app_targets.ts";
import type { AppObserver } from "./app_observer.ts";
import type { Prepared } from "./prepared.ts";
import { sessionApp } from "./session_app.ts";
import { faultsFor } from "./select_engine.ts";
import type { PoolSnapshot } from "./target_snapshot.ts";
import { AppTls } from "./tls.ts";
import type { TlsFiles } from "./tls_files.ts";
import type { TargetRef, WorkerAppContext } from "./worker_app_context.ts";

/** What all apps of one thread share. */
export interface AppOptions {
  readonly ticker: Ticker;
  readonly buffers: BufferPool;
  readonly clock: Clock;
  readonly random: Random;
  readonly observer: AppObserver;
  /** When the proxy started, on the clock. */
  readonly startedMs: number;
  readonly fdPressure: FdPressure;
  /** The listeners of the whole proxy. */
  readonly listeners: OwnListeners;
  /** Ends the sessions of a target that went down. */
  closeSessionsOf(target: Target): void;
  /** Set in a worker. Default: this thread is the only one. */
  readonly worker?: AppWorker | undefined;
}

/** A worker's part of an app. */
export interface AppWorker {
  readonly context: WorkerAppContext;
  /** Reports the outcome of a connection to a target to the control plane. */
  report(target: TargetRef, outcome: "succeeded" | "failed"): void;
}

/**
 * One running app: its targets, TLS, limits, and the settings of its sessions. It knows no listener: the owner of the
 * listeners asks for {@link App.gate} and {@link App.session} at each connection, and so picks up a reload.
 *
 * Life: `create` → `start` → any number of `prepare` and `commit` → `stop`.
 */
export class App {
  readonly #options: AppOptions;
  readonly #tls: AppTls;
  readonly #targets: AppTargets;
  readonly #permits: LocalPermits | undefined;
  #gate: AcceptGate | undefined;
  #clients: ClientTable | undefined;
  #config: AppConfig;
  #session: SessionApp;

  /**
   * Builds the app without starting anything.
   *
   * @throws {TlsError} when a certificate cannot be used.
   */
  static async create(config: AppConfig, files: TlsFiles, options: AppOptions): Promise<App> {
    return new App(config, await AppTls.load(config, files), options);
  }

  private constructor(config: AppConfig, tls: AppTls, options: AppOptions) {
    const { worker, clock, observer, random, closeSessionsOf, listeners } = options;
    this.#options = options;
    this.#config = config;
    this.#tls = tls;
    this.#targets = new AppTargets(config, {
      clock,
      observer,
      random,
      closeSessionsOf,
      listeners,
      tls,
      ...(worker === undefined ? {} : {
        known: worker.context.pools,
        report: (target, outcome) => worker.report({ app: config.name, ...target }, outcome),
      }),
    });
    this.#permits = worker === undefined ? new LocalPermits(config, clock) : undefined;
    this.#gate = admissionGate(this.#permits ?? worker?.context ?? NO_PERMITS, clock);
    this.#clients = worker === undefined ? clientTableOf(config) : undefined;
    this.#session = this.#compile(this.#faultsOf(options.startedMs));
  }

  get name(): string {
    return this.#config.name;
  }

  get config(): AppConfig {
    return this.#config;
  }

  /** The settings of a session that starts now. */
  get session(): SessionApp {
    return this.#session;
  }

  /** The gate that enforces the app's limits; `undefined` where it has none. */
  get gate(): AcceptGate | undefined {
    return this.#gate;
  }

  /** The targets of all its pools. */
  targets(): Target[] {
    return this.#targets.pools.flatMap(({ pool }) => pool.targets);
  }

  /** The state of the targets of each pool: the app's own pool first, if it has one, then each route's. */
  snapshot(): PoolSnapshot[] {
    return this.#targets.snapshot();
  }

  /** Starts checks and discovery; resolves when each discovery has its first answer, or after 3 s. */
  async start(): Promise<void> {
    await this.#targets.start();
  }

  /** Applies the control plane's view of the targets of one pool. */
  follow(pool: string, states: readonly TargetState[]): void {
    this.#targets.pool(pool)?.follow(states);
  }

  /**
   * Prepares another config of the same app, or changed contents of the same files. Running sessions keep their
   * settings.
   *
   * @throws {TlsError} when a certificate cannot be used; nothing has changed.
   */
  async prepare(next: AppConfig, files: TlsFiles): Promise<Prepared> {
    const useTls = await this.#tls.prepare(next, files);
    const isSame = next === this.#config;
    const targets = isSame ? undefined : await this.#targets.prepare(next);
    return {
      commit: (): void => {
        useTls();
        targets?.commit();
        if (!isSame) this.#reconfigure(next);
      },
      discard: async (): Promise<void> => {
        await targets?.discard();
      },
    };
  }

  /** Stops checks, discovery and timers; connections under way keep their targets. */
  async stop(): Promise<void> {
    await this.#targets.stop();
  }

  #reconfigure(next: AppConfig): void {
    const before = this.#config;
    this.#config = next;
    this.#permits?.update(next);
    this.#gate = admissionGate(this.#permits ?? NO_PERMITS, this.#options.clock);
    const limits = clientLimitsOf(next);
    if (limits !== undefined && this.#clients !== undefined) this.#clients.update(limits);
    else this.#clients = clientTableOf(next);
    // An unchanged fault plan keeps its draws; a new one counts its time from now.
    const keepsFaults = faultPlanOf(before) === faultPlanOf(next);
    const faults = keepsFaults ? this.#session.faultsFor : this.#faultsOf(this.#options.clock.nowMs());
    this.#session = this.#compile(faults);
  }

  #faultsOf(startedMs: number): SessionApp["faultsFor"] {
    return faultsFor(this.#config, {
      ...this.#options,
      startedMs,
      faultCounter: this.#options.worker?.context.faultCounter,
    });
  }

  #compile(faults: SessionApp["faultsFor"]): SessionApp {
    return sessionApp(this.#config, {
      ...this.#options,
      tls: this.#tls,
      targets: this.#targets,
      clients: this.#clients ?? this.#options.worker?.context.clients,
      faultsFor: faults,
    });
  }
}

/** All that faults are made of, as text that is the same for equal configs. */
function faultPlanOf({ faults, bandwidth }: AppConfig): string {
  return JSON.stringify([faults, bandwidth]);
}

const NO_PERMITS = { places: undefined, rate: undefined };

function clientTableOf(config: AppConfig): ClientTable | undefined {
  const limits = clientLimitsOf(config);
  return limits && new ClientTable(limits);
}

function clientLimitsOf(
  { maxConnectionsPerClient: maxConnections, acceptRatePerClient: acceptRate }: AppConfig,
): { maxConnections: number; acceptRate: AppConfig["acceptRatePerClient"] } | undefined {
  return maxConnections === Infinity && acceptRate === undefined ? undefined : { maxConnections, acceptRate };
}
