import type { CaptureRequest, CaptureStart } from "../../capture/mod.ts";
import type { Config } from "../../config/mod.ts";
import {
  type ConnectionQuestion,
  ControlPlane,
  type Explanation,
  type HandedApp,
  type ListenerInfo,
  type ProxyControl,
  type ProxyStatus,
  Reloader,
  type ReloadPlan,
  type ReloadResult,
  type TakenOverApp,
  type WallTime,
} from "../../proxy/mod.ts";
import type { CountersSnapshot, MetricsSnapshot } from "../../metrics/mod.ts";
import type { PassedSocket } from "../../net/mod.ts";
import type { SessionsReported } from "../channel/messages.ts";
import { SharedLimits } from "../shared/shared_limits.ts";
import { ListenSockets, type PreparedSockets } from "./sockets/listen_sockets.ts";
import { NativeControl } from "./sockets/native_control.ts";
import { PoolChanges } from "./requests/pool_changes.ts";
import type { Sandbox, SpareThread } from "../spare_thread.ts";
import { SocketFiles } from "./sockets/socket_files.ts";
import { WorkerCaptures } from "./requests/worker_captures.ts";
import { WorkerCounters } from "./requests/worker_counters.ts";
import { WorkerGroups } from "./worker_groups.ts";
import { WorkerOperations } from "./requests/worker_operations.ts";
import { WorkerQueries } from "./requests/worker_queries.ts";
import { WorkerReloads } from "./worker_reloads.ts";
import type { WorkersObserver } from "./workers_observer.ts";

export interface WorkerProxyOptions extends WallTime {
  /** How many threads, at least 1. */
  readonly workers: number;
  readonly observer: WorkersObserver;
  /**
   * Whether workers use the native engine; default the runtime's sockets. A given {@link NativeControl} is ended by the
   * caller.
   */
  readonly native?: boolean | NativeControl;
  /** What a process that this one takes over from hands to it; default nothing. */
  readonly handed?: {
    readonly apps: readonly TakenOverApp[];
    /** The paths of its unix sockets. */
    readonly paths: ReadonlySet<string>;
  } | undefined;
  /**
   * Which sessions the observer gets: all (the default), or only those that the operational log may mention, which
   * saves a message for each of the others. {@link WorkerProxy.reportSessions} changes it.
   */
  readonly sessions?: SessionsReported;
  /** The module that workers run. Default: this program's. */
  readonly module?: URL;
  /** The permissions of workers. Default: what the config needs. */
  readonly permissions?: Sandbox;
  /** A thread that was started before, for the first native worker; the caller disposes of it. Default none. */
  readonly spare?: SpareThread | undefined;
}

/**
 * A proxy with several threads. Each worker carries connections from start to end; this thread carries none, and does
 * what is needed only once: files, discovery, checks, logs.
 *
 * A worker's permissions are fixed when it starts. So a reload of the config starts other workers on the same
 * sockets, while the earlier ones stop accepting and end with their last session.
 */
export class WorkerProxy implements ProxyControl {
  readonly operations: WorkerOperations;
  readonly #options: WorkerProxyOptions;
  readonly #control: ControlPlane;
  readonly #sockets: ListenSockets;
  readonly #native: NativeControl | undefined;
  readonly #files: SocketFiles;
  readonly #limits: SharedLimits;
  readonly #reloader: Reloader;
  readonly #changes: PoolChanges;
  readonly #groups: WorkerGroups;
  readonly #captures = new WorkerCaptures();
  readonly #queries: WorkerQueries;
  /** The config with the addresses actually bound. */
  #config: Config;
  #drained: Promise<void> | undefined;
  #stopped: Promise<void> | undefined;

  /**
   * Opens every listener of the config, or none.
   *
   * @throws {StartError} when one cannot be opened, or the workers cannot start; the message says why.
   */
  static async start(config: Config, options: WorkerProxyOptions): Promise<WorkerProxy> {
    const { observer } = options;
    const control = await ControlPlane.prepare(config, { observer, handed: options.handed?.apps });
    const native = options.native === true ? await NativeControl.open() : options.native || undefined;
    const sockets = new ListenSockets(observer, native?.transport);
    let prepared: PreparedSockets;
    try {
      prepared = sockets.prepare(config);
    } catch (error) {
      if (options.native === true) await native?.end();
      throw error;
    }
    prepared.commit();
    const proxy = new WorkerProxy(config, { control, sockets, native, bound: prepared }, options);
    control.listensOn(proxy.listeners());
    const { supervisor, unixNames } = proxy.#groups.current;
    try {
      await proxy.#files.clean(config);
      await Promise.all([control.start((pool) => proxy.#changes.note(pool)), supervisor.bind()]);
      proxy.#files.place(config, unixNames);
      supervisor.accept();
      native?.checkMultipath(config, observer);
      proxy.#reloader.watch();
      return proxy;
    } catch (error) {
      supervisor.terminate();
      await proxy.stop();
      throw error;
    }
  }

  private constructor(config: Config, parts: WorkerProxyParts, options: WorkerProxyOptions) {
    this.#options = options;
    this.#control = parts.control;
    this.#sockets = parts.sockets;
    this.#native = parts.native;
    this.#config = parts.bound.config;
    this.#limits = new SharedLimits(config, options.workers);
    this.#files = new SocketFiles({
      ...options,
      takenOver: options.handed?.paths,
      isPassed: (address) => this.#native?.isPassed(address) === true,
    });
    const counters = new WorkerCounters((app) => this.#control.targets(app));
    this.#groups = new WorkerGroups(parts.bound, {
      workers: options.workers,
      observer: options.observer,
      sessions: options.sessions ?? "all",
      module: options.module,
      permissions: options.permissions,
      spare: options.spare,
      control: this.#control,
      native: this.#native,
      files: this.#files,
      limits: this.#limits,
      counters,
      captures: this.#captures,
    });
    this.#changes = new PoolChanges((pool) => this.#groups.postTargets(pool));
    this.operations = new WorkerOperations({
      control: this.#control,
      supervisors: () => this.#groups.supervisors(),
      postChanges: () => this.#changes.send(),
    });
    const reloads = new WorkerReloads({
      control: this.#control,
      sockets: this.#sockets,
      files: this.#files,
      limits: this.#limits,
      groups: this.#groups,
      changes: this.#changes,
      operations: this.operations,
      ending: () => {
        if (this.#stopped !== undefined) return "stopping";
        return this.#drained === undefined ? undefined : "draining";
      },
      onConfig: (bound) => {
        this.#config = bound;
        this.#control.listensOn(this.listeners());
        this.#native?.checkMultipath(bound, options.observer);
      },
    });
    this.#reloader = new Reloader(config, {
      ...options,
      files: this.#control.files,
      isBroken: () => this.#files.hasLost(),
      apply: (step, commit) => reloads.apply(step, commit),
    });
    this.#queries = new WorkerQueries({
      workers: options.workers,
      control: this.#control,
      limits: this.#limits,
      groups: this.#groups,
      counters,
      reloader: this.#reloader,
      config: () => this.#config,
      isEnding: () => this.#drained !== undefined,
    });
  }

  listeners(): readonly ListenerInfo[] {
    return this.#queries.listeners();
  }

  config(): Config {
    return this.#reloader.config;
  }

  isAlive(limitMs: number): Promise<boolean> {
    return this.#queries.isAlive(limitMs);
  }

  activeSessions(): number {
    return this.#groups.active;
  }

  reload(next?: Config): Promise<ReloadResult> {
    return this.#reloader.reload(next);
  }

  plan(next?: Config): Promise<ReloadPlan> {
    return this.#reloader.plan(next);
  }

  status(): ProxyStatus {
    return this.#queries.status();
  }

  metrics(): Promise<MetricsSnapshot> {
    return this.#queries.metrics();
  }

  explain(question: ConnectionQuestion, counted?: CountersSnapshot): Explanation {
    return this.#queries.explain(question, counted);
  }

  capture(request: CaptureRequest): Promise<CaptureStart> {
    return this.#captures.start(request);
  }

  /** Changes which sessions the observer gets, of those that end from now on. */
  reportSessions(sessions: SessionsReported): void {
    this.#groups.reportSessions(sessions);
  }

  /** What another process can take over: sockets, paths of unix sockets, and what is known of the apps. */
  handOver(): HandOver {
    return {
      sockets: this.#sockets.list(),
      paths: this.#files.listeners(this.#config).map(({ path }) => path),
      apps: this.#control.handed(),
    };
  }

  drain(others?: ReadonlySet<string>): Promise<void> {
    return this.#drained ??= this.#end("drain", others);
  }

  stop(): Promise<void> {
    return this.#stopped ??= this.#end("stop");
  }

  async #end(kind: "drain" | "stop", others?: ReadonlySet<string>): Promise<void> {
    // A reload may have changed it after the workers started.
    const { drainTimeoutMs: timeoutMs } = this.#reloader.config.shutdown;
    const how = kind === "stop"
      ? { kind }
      : { kind, timeoutMs, ...others === undefined ? {} : { others: [...others] } };
    // First, so that the last worker to close empties the accept queue.
    this.#sockets.close();
    await Promise.all([
      this.#files.close(),
      ...this.#groups.list().map(({ supervisor }) => supervisor.end(how)),
    ]);
    if (others === undefined) await this.#files.removeBound(this.#config, this.#groups.current.unixNames);
    this.#captures.stop();
    // One that is under way would go on with checks that nobody stops.
    await this.#reloader.stop();
    await this.#control.stop();
    if (this.#options.native === true) await this.#native?.end();
  }
}

/** What another process can take over from a proxy. */
export interface HandOver {
  readonly sockets: readonly PassedSocket[];
  /** The paths of unix sockets that it binds itself. */
  readonly paths: readonly string[];
  readonly apps: readonly HandedApp[];
}

interface WorkerProxyParts {
  readonly control: ControlPlane;
  readonly sockets: ListenSockets;
  readonly native: NativeControl | undefined;
  /** The config with the addresses actually bound, and their sockets. */
  readonly bound: PreparedSockets;
}
