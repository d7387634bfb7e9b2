import { type NextTlsFiles, type PoolRef, type Prepared, readTlsFiles } from "../../app/mod.ts";
import { formatAddress, monotonicClock } from "../../base/mod.ts";
import type { CaptureRequest, CaptureStart } from "../../capture/mod.ts";
import { type Config, diffConfigs } from "../../config/mod.ts";
import {
  type ConnectionQuestion,
  ControlPlane,
  explainConnection,
  type Explanation,
  type ListenerInfo,
  metricsOf,
  obsoleteMs,
  programProblem,
  type ProxyControl,
  type ProxyStatus,
  Reloader,
  type ReloadPlan,
  type ReloadProblem,
  type ReloadResult,
  type ReloadStep,
  type RuntimeSnapshot,
  StartError,
  statusOf,
  type WallTime,
} from "../../proxy/mod.ts";
import type { MetricsSnapshot } from "../../metrics/mod.ts";
import { runtimeAtLeast } from "../../runtime/mod.ts";
import type { SessionsReported, StartMessage, TargetRecord } from "../channel/messages.ts";
import { MAX_GENERATIONS, SharedLimits } from "../shared/shared_limits.ts";
import { Generation } from "./generation.ts";
import { ListenSockets, type PreparedSockets } from "./listen_sockets.ts";
import { NativeControl } from "./native_control.ts";
import { WorkerCounters } from "./worker_counters.ts";
import type { WorkersObserver } from "./workers_observer.ts";
import { type Sandbox, sandboxOf } from "./sandbox.ts";
import { type PlaceResult, SocketFiles, unixListeners } from "./socket_files.ts";
import { Supervisor } from "./supervisor.ts";
import { WorkerCaptures } from "./worker_captures.ts";
import { commitEverywhere } from "./two_phase_commit.ts";
import { WorkerOperations } from "./worker_operations.ts";

export interface WorkerProxyOptions extends WallTime {
  /** How many threads, at least 1. */
  readonly workers: number;
  readonly observer: WorkersObserver;
  /** Whether workers use the kernel's own calls; default they use the runtime's sockets. */
  readonly native?: boolean;
  /**
   * Which sessions the observer gets: all (the default), or only those that the operational log may mention, which
   * saves a message for each of the others. {@link WorkerProxy.reportSessions} changes it.
   */
  readonly sessions?: SessionsReported;
  /** The module that workers run. Default: this program's. */
  readonly module?: URL;
  /** The permissions of workers. Default: what the config needs. */
  readonly permissions?: Sandbox;
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
  readonly #counters: WorkerCounters;
  #counting: Promise<MetricsSnapshot> | undefined;
  /** Pools with changes that workers do not know yet; they are sent when this task ends. */
  readonly #changed = new Map<string, PoolRef>();
  readonly #startedMs = monotonicClock.nowMs();
  readonly #retired = new Set<WorkerGroup>();
  readonly #captures = new WorkerCaptures();
  /** The config with the addresses actually bound. */
  #config: Config;
  #group: WorkerGroup;
  #sessions: SessionsReported;
  /** The workers that a reload is starting. */
  #next: WorkerGroup | undefined;
  #holdsChanges = false;
  #reloads = 0;
  #drained: Promise<void> | undefined;
  #stopped: Promise<void> | undefined;

  /**
   * Opens every listener of the config, or none.
   *
   * @throws {StartError} when one cannot be opened, or the workers cannot start; the message says why.
   */
  static async start(config: Config, options: WorkerProxyOptions): Promise<WorkerProxy> {
    const { observer } = options;
    const control = await ControlPlane.prepare(config, { observer });
    const native = options.native === true ? await NativeControl.open() : undefined;
    const sockets = new ListenSockets(observer, native?.transport);
    let prepared: PreparedSockets;
    try {
      prepared = sockets.prepare(config);
    } catch (error) {
      await native?.end();
      throw error;
    }
    prepared.commit();
    const proxy = new WorkerProxy(config, { control, sockets, native, bound: prepared }, options);
    control.listensOn(proxy.listeners());
    try {
      await proxy.#files.clean(config);
      await Promise.all([control.start((pool) => proxy.#change(pool)), proxy.#group.supervisor.bind()]);
      proxy.#files.place(config, proxy.#group.unixNames);
      proxy.#group.supervisor.accept();
      proxy.#reloader.watch();
      return proxy;
    } catch (error) {
      proxy.#group.supervisor.terminate();
      await proxy.stop();
      throw error;
    }
  }

  private constructor(config: Config, parts: WorkerProxyParts, options: WorkerProxyOptions) {
    this.#options = options;
    this.#sessions = options.sessions ?? "all";
    this.#control = parts.control;
    this.#sockets = parts.sockets;
    this.#native = parts.native;
    this.#config = parts.bound.config;
    this.#limits = new SharedLimits(config, options.workers);
    this.#files = new SocketFiles(options);
    this.#counters = new WorkerCounters((app) => this.#control.targets(app));
    this.#group = this.#createGroup(parts.bound, 0);
    this.operations = new WorkerOperations({
      control: this.#control,
      supervisors: () => this.#supervisors(),
      postChanges: () => this.#postChanges(),
    });
    this.#reloader = new Reloader(config, {
      ...options,
      files: this.#control.files,
      isBroken: () => this.#files.hasLost(),
      apply: async (step, commit) =>
        step.diff.apps.every(({ change }) => change === "kept") && !await this.#files.hasLost()
          ? await this.#renew(step, commit)
          : await this.#replace(step, commit),
    });
  }

  listeners(): readonly ListenerInfo[] {
    return this.#config.apps.flatMap(({ name: app, listen }) => listen.map((address) => ({ app, address })));
  }

  config(): Config {
    return this.#reloader.config;
  }

  async isAlive(limitMs: number): Promise<boolean> {
    const answers = await Promise.all(
      this.#groups().map(({ supervisor }) => supervisor.ask({ kind: "alive" }, limitMs)),
    );
    return answers.every(({ values, refusals }) =>
      refusals.length === 0 && values.every(({ value }) => value)
    );
  }

  activeSessions(): number {
    return this.#groups().reduce((sum, { generation }) => sum + generation.active, 0);
  }

  reload(next?: Config): Promise<ReloadResult> {
    return this.#reloader.reload(next);
  }

  plan(next?: Config): Promise<ReloadPlan> {
    return this.#reloader.plan(next);
  }

  status(): ProxyStatus {
    return statusOf(this.#config, this.#snapshot());
  }

  metrics(): Promise<MetricsSnapshot> {
    return this.#counting ??= this.#count().finally(() => this.#counting = undefined);
  }

  explain(question: ConnectionQuestion): Explanation {
    return explainConnection(this.#config, question, this.#snapshot());
  }

  capture(request: CaptureRequest): Promise<CaptureStart> {
    return this.#captures.start(request);
  }

  /** Changes which sessions the observer gets, of those that end from now on. */
  reportSessions(sessions: SessionsReported): void {
    this.#sessions = sessions;
    for (const { supervisor } of this.#groups()) supervisor.post({ kind: "report_sessions", sessions });
  }

  drain(): Promise<void> {
    return this.#drained ??= this.#end("drain");
  }

  stop(): Promise<void> {
    return this.#stopped ??= this.#end("stop");
  }

  async #end(kind: "drain" | "stop"): Promise<void> {
    // A reload may have changed it after the workers started.
    const { drainTimeoutMs: timeoutMs } = this.#reloader.config.shutdown;
    const how = kind === "drain" ? { kind, timeoutMs } : { kind };
    // First, so that the last worker to close empties the accept queue.
    this.#sockets.close();
    await Promise.all([this.#files.close(), ...this.#groups().map(({ supervisor }) => supervisor.end(how))]);
    this.#captures.stop();
    // One that is under way would go on with checks that nobody stops.
    await this.#reloader.stop();
    await this.#control.stop();
    await this.#native?.end();
  }

  /** A worker that does not answer in time counts with what it sent before. */
  async #count(): Promise<MetricsSnapshot> {
    const [certificates] = await Promise.all([
      this.#reloader.certificates(),
      ...this.#groups().map(({ supervisor }) => supervisor.ask({ kind: "counters" }, COUNT_LIMIT_MS)),
    ]);
    return metricsOf(this.status(), {
      counters: this.#counters.snapshot(this.#control.counters()),
      workers: this.#counters.count(this.#options.workers),
      certificates,
    });
  }

  #groups(): WorkerGroup[] {
    return [this.#group, ...this.#retired];
  }

  #createGroup({ config, handles }: PreparedSockets, slot: number): WorkerGroup {
    const { workers, observer, module, permissions } = this.#options;
    const generation = new Generation(this.#limits, { workers, slot });
    const unixNames = SocketFiles.names(config);
    const supervisor = new Supervisor({
      count: workers,
      observer,
      generation,
      counters: this.#counters,
      module: module ?? new URL("../worker/entry.ts", import.meta.url),
      permissions: permissions ?? sandboxOf(config, {
        isNetOpen: Deno.permissions.querySync({ name: "net" }).state === "granted",
        unixIsNet: runtimeAtLeast(2, 9),
        isNative: this.#native !== undefined,
        unixNames,
      }),
      captures: this.#captures,
      startMessage: (worker) => this.#startMessage(config, { generation, unixNames, handles }, worker),
      onGone: (worker) => this.#native?.gone(generation.shareOf(worker)),
      onRebound: (worker) => {
        if (worker === 0) this.#files.replace(unixNames);
      },
      onReport: ({ target, outcome }) => this.#control.report(target, outcome),
    });
    return { supervisor, generation, unixNames };
  }

  /** Applies changed certificates in all workers, or in none. */
  async #renew(
    { config, files, renewed }: ReloadStep,
    commit: () => void,
  ): Promise<readonly ReloadProblem[]> {
    const changed = await Promise.all(
      config.apps.filter(({ name }) => renewed.has(name)).map(async (app): Promise<NextTlsFiles> => {
        return { app: app.name, tlsFiles: await readTlsFiles(app, files) };
      }),
    );
    const use = await this.#control.prepare(changed);
    return await commitEverywhere(this.#group.supervisor, {
      reload: ++this.#reloads,
      changed,
      commit: () => {
        use();
        commit();
      },
    });
  }

  /** Starts workers with another config, which take over from the current ones. */
  async #replace(step: ReloadStep, commit: () => void): Promise<readonly ReloadProblem[]> {
    this.#requireReplaceable(step);
    const slot = this.#freeSlot();
    await this.#files.clean(step.config);
    const sockets = this.#sockets.prepare(step.config);
    let control: Prepared;
    try {
      control = await this.#control.prepareConfig(step);
    } catch (error) {
      sockets.discard();
      throw error;
    }
    // New workers start with the control plane's view of the new config. The current ones must not get it, nor a
    // replacement for one of them that dies, whose apps may be gone.
    using _held = this.#group.supervisor.hold();
    this.#holdsChanges = true;
    control.commit();
    this.#limits.update(step.config);
    const group = this.#next = this.#createGroup(sockets, slot);
    let placed: PlaceResult;
    try {
      await group.supervisor.bind();
      const ending = this.#stopped !== undefined ? "stopping" : this.#drained && "draining";
      if (ending !== undefined) throw new StartError(`reload: the proxy is ${ending}`);
      placed = this.#files.place(step.config, group.unixNames);
    } catch (error) {
      this.#next = undefined;
      sockets.discard();
      // Not by force: the sockets of a thread that is cut off may outlast this reload.
      await group.supervisor.end({ kind: "stop" });
      await this.#rollBack(step);
      throw error;
    }
    const before = this.#group;
    this.#group = group;
    this.#next = undefined;
    this.#config = sockets.config;
    sockets.commit();
    this.#control.listensOn(this.listeners());
    commit();
    group.supervisor.accept();
    this.#releaseChanges();
    this.#control.retainOverrides();
    const late = await this.#retire(before, step.config);
    await this.operations.endDowned();
    await placed.removed;
    return [...placed.problems, ...late];
  }

  /** Returns the control plane to the config before the step. */
  async #rollBack({ config, previous }: ReloadStep): Promise<void> {
    const diff = diffConfigs(config, previous.config);
    const renewed = new Set(previous.config.apps.map(({ name }) => name));
    try {
      const control = await this.#control.prepareConfig({ ...previous, diff, renewed, previous });
      control.commit();
    } finally {
      this.#limits.update(previous.config);
      this.#releaseChanges();
    }
  }

  /**
   * Retires workers with the previous config; resolves when they no longer accept. They end with their last session.
   */
  async #retire(group: WorkerGroup, next: Config): Promise<readonly ReloadProblem[]> {
    const { supervisor } = group;
    this.#retired.add(group);
    supervisor.ended.then(() => this.#retired.delete(group)).catch((error) =>
      this.#options.observer.defect(error)
    );
    const late = await supervisor.retire({
      targets: this.#control.labels(),
      // A unix socket has a queue of its own, which its worker empties.
      listeners: this.listeners().flatMap(({ address }) =>
        address.kind === "tcp" ? [formatAddress(address)] : []
      ),
      obsoleteMs: obsoleteMs(next),
    });
    return late.map(({ worker, why }) =>
      programProblem(`worker ${worker} with the previous config: ${why}; it may still accept connections`)
    );
  }

  /** @throws {StartError} when workers bind paths themselves, so that no other can take over from them. */
  #requireReplaceable({ config, previous }: ReloadStep): void {
    const isReplaceable = (each: Config, names: ReadonlyMap<string, string>): boolean =>
      unixListeners(each).every(({ path }) => names.has(path));
    if (
      isReplaceable(previous.config, this.#group.unixNames) &&
      isReplaceable(config, SocketFiles.names(config))
    ) {
      return;
    }
    throw new StartError(
      `reload: workers cannot hand over a unix socket without full network permission and permission for its directory; restart, or set "workers: 1"`,
    );
  }

  /** @throws {StartError} when too many generations have open sessions to start another. */
  #freeSlot(): number {
    const taken = new Set(this.#groups().map(({ generation }) => generation.slot));
    for (let slot = 0; slot < MAX_GENERATIONS; slot++) if (!taken.has(slot)) return slot;
    throw new StartError(
      `reload: connections of ${MAX_GENERATIONS} configs are open; end the oldest, or set "on_reload: drain"`,
    );
  }

  /** Those of all generations, the one that a reload is starting included. */
  #supervisors(): Supervisor[] {
    const groups = [...this.#groups(), ...this.#next === undefined ? [] : [this.#next]];
    return groups.map(({ supervisor }) => supervisor);
  }

  #snapshot(): RuntimeSnapshot {
    return {
      listeners: this.listeners(),
      workers: this.#options.workers,
      sessions: this.activeSessions(),
      isEnding: this.#drained !== undefined,
      sessionsOf: (app) => this.#limits.sessionsOf(app),
      isPaused: (app) => this.#control.isPaused(app),
      faults: (app) => this.#control.faults(app),
      pools: (app) => {
        if (!this.#control.hasApp(app)) return [];
        const states = this.#control.states(app);
        return this.#control.snapshot(
          app,
          (pool) => this.#limits.takenOf({ app, pool }, states.get(pool) ?? []),
        );
      },
    };
  }

  #startMessage(
    config: Config,
    { generation, unixNames, handles }: Pick<WorkerGroup, "generation" | "unixNames"> & {
      readonly handles: PreparedSockets["handles"];
    },
    worker: number,
  ): Omit<StartMessage, "nowMs" | "captures"> {
    if (worker === 0) SocketFiles.free(unixNames);
    const share = generation.shareOf(worker);
    return {
      kind: "start",
      worker,
      share,
      native: this.#native && { handles, descriptors: this.#native.begin(share) },
      config,
      startedMs: this.#startedMs,
      memory: generation.memory,
      // Only one worker can bind a path.
      hasUnixListeners: worker === 0,
      unixNames,
      sessions: this.#sessions,
      apps: new Map(config.apps.map(({ name: app }) => [app, {
        ...this.#control.overridesRecord(app),
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

  /** Notes that a pool has changed. One DNS answer changes many targets, so workers are told once per task. */
  #change(pool: PoolRef): void {
    const isFirst = this.#changed.size === 0;
    this.#changed.set(`${pool.app} ${pool.pool}`, pool);
    if (isFirst && !this.#holdsChanges) queueMicrotask(() => this.#postChanges());
  }

  #releaseChanges(): void {
    this.#holdsChanges = false;
    this.#postChanges();
  }

  #postChanges(): void {
    if (this.#holdsChanges) return;
    for (const pool of this.#changed.values()) {
      // The pool may have gone with its app meanwhile.
      if (!this.#control.has(pool)) continue;
      this.#group.supervisor.post({ kind: "targets", pool, targets: this.#records(pool) });
    }
    this.#changed.clear();
  }
}

/** How long metrics wait for a worker. */
const COUNT_LIMIT_MS = 1000;

/** The workers of one config. */
interface WorkerGroup {
  readonly supervisor: Supervisor;
  readonly generation: Generation;
  /** By path, the names that its worker binds unix sockets to. */
  readonly unixNames: ReadonlyMap<string, string>;
}

interface WorkerProxyParts {
  readonly control: ControlPlane;
  readonly sockets: ListenSockets;
  readonly native: NativeControl | undefined;
  /** The config with the addresses actually bound, and their sockets. */
  readonly bound: PreparedSockets;
}
