import type { Clock, Random } from "../base/mod.ts";
import type { AppConfig } from "../config/parsed.ts";
import type { FdPressure, OwnListeners } from "../dial/mod.ts";
import { ClientTable } from "../limits/mod.ts";
import type { AcceptGate } from "../listen/mod.ts";
import type { Transport } from "../net/mod.ts";
import type { Target, TargetState } from "../pool/mod.ts";
import type { BufferPool, Ticker } from "../relay/mod.ts";
import type { SessionApp } from "../session/mod.ts";
import { admissionGate, LocalPermits } from "./admission_gate.ts";
import { AppFaults } from "./faults/app_faults.ts";
import { AppTargets } from "./targets/app_targets.ts";
import type { AppObserver } from "./app_observer.ts";
import type { AppTally } from "./app_tally.ts";
import { AppOverrides } from "./overrides.ts";
import type { Prepared } from "./prepared.ts";
import { sessionApp } from "./session_app.ts";
import {
  type FaultSnapshot,
  faultSnapshots,
  type Moment,
  type RuntimeFaults,
} from "./faults/runtime_faults.ts";
import type { EntryAnswer } from "./targets/target_monitor.ts";
import type { TargetSettingChange } from "./targets/target_settings.ts";
import type { PoolSnapshot } from "./targets/target_snapshot.ts";
import { AppTls } from "./tls/tls.ts";
import type { TlsFiles } from "./tls/tls_files.ts";
import type { TargetRef, WorkerAppContext } from "./worker_app_context.ts";

/** The collaborators that all apps of one thread share. */
export interface AppOptions {
  readonly ticker: Ticker;
  readonly buffers: BufferPool;
  readonly clock: Clock;
  readonly random: Random;
  readonly observer: AppObserver;
  /** The app's counters. */
  readonly tally: AppTally;
  /** When the proxy started, on the clock. */
  readonly startedMs: number;
  readonly fdPressure: FdPressure;
  /** What sessions dial with; default the runtime's sockets. */
  readonly transport?: Transport | undefined;
  /** The listeners of the whole proxy. */
  readonly listeners: OwnListeners;
  /** What operators have set for the app; default nothing yet. */
  readonly overrides?: AppOverrides | undefined;
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
  readonly #overrides: AppOverrides;
  readonly #faults: AppFaults;
  #faultsSince: Moment;
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
    const { worker, clock, observer, random, closeSessionsOf, listeners, startedMs, tally } = options;
    this.#options = options;
    this.#config = config;
    this.#tls = tls;
    this.#overrides = options.overrides ?? new AppOverrides();
    this.#targets = new AppTargets(config, {
      settings: this.#overrides.targets,
      clock,
      observer,
      random,
      closeSessionsOf,
      listeners,
      tls,
      tally,
      ...(worker === undefined ? {} : {
        known: worker.context.pools,
        report: (target, outcome) => worker.report({ app: config.name, ...target }, outcome),
      }),
    });
    this.#permits = worker === undefined ? new LocalPermits(config, clock) : undefined;
    this.#gate = admissionGate(this.#permits ?? worker?.context ?? NO_PERMITS, clock);
    this.#clients = worker === undefined ? clientTableOf(config) : undefined;
    const faultsSinceMs = worker?.context.faultsSinceMs ?? startedMs;
    this.#faultsSince = { clockMs: faultsSinceMs, epochMs: Date.now() - (clock.nowMs() - faultsSinceMs) };
    this.#faults = new AppFaults(config.faults, faultsSinceMs, {
      ...options,
      counter: worker?.context.faultCounter,
      onExpired: () => this.setFaults(undefined),
    });
    this.#faults.set(this.#overrides.faults);
    this.#session = this.#compile();
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

  /** Resolves when the app accepts connections again; `undefined` while it does. */
  get resumed(): Promise<void> | undefined {
    return this.#overrides.pause.resumed;
  }

  /** Pauses the app, or lets it accept connections again. */
  setPaused(isPaused: boolean): void {
    this.#overrides.pause.set(isPaused);
  }

  /** Replaces the faults that the admin API has set. They act on sessions that begin from now on. */
  setFaults(faults: RuntimeFaults | undefined): void {
    this.#overrides.faults = faults;
    this.#faults.set(faults);
    this.#session = this.#compile();
  }

  /** The faults in effect. */
  faults(nowMs: number): FaultSnapshot[] {
    const { faults } = this.#config;
    return faultSnapshots({ faults, since: this.#faultsSince }, this.#overrides.faults, nowMs);
  }

  /** Sets what the targets with this label may do; returns whether there is any. */
  setTarget(label: string, change: TargetSettingChange): boolean {
    return this.#targets.set(label, change);
  }

  /** What discovery knows of each of its entries. */
  discoveries(): EntryAnswer[] {
    return this.#targets.discoveries();
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
    this.#config = next;
    this.#permits?.update(next);
    this.#gate = admissionGate(this.#permits ?? NO_PERMITS, this.#options.clock);
    const limits = clientLimitsOf(next);
    if (limits !== undefined && this.#clients !== undefined) this.#clients.update(limits);
    else this.#clients = clientTableOf(next);
    const nowMs = this.#options.clock.nowMs();
    if (this.#faults.configure(next.faults, nowMs)) {
      this.#faultsSince = { clockMs: nowMs, epochMs: Date.now() };
    }
    this.#session = this.#compile();
  }

  #compile(): SessionApp {
    return sessionApp(this.#config, {
      ...this.#options,
      tls: this.#tls,
      targets: this.#targets,
      clients: this.#clients ?? this.#options.worker?.context.clients,
      faultsFor: this.#faults.drawFor(this.#config.bandwidth),
    });
  }
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
