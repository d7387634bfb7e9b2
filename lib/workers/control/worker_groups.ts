import type { PoolRef } from "../../app/mod.ts";
import { formatAddress, monotonicClock } from "../../base/mod.ts";
import type { Config } from "../../config/mod.ts";
import {
  type ControlPlane,
  obsoleteMs,
  programProblem,
  type ReloadProblem,
  StartError,
} from "../../proxy/mod.ts";
import { confinementOf } from "../shared/confinement.ts";
import { NameAnswers } from "./requests/name_answers.ts";
import { runtimeAtLeast } from "../../runtime/mod.ts";
import type { SessionsReported, StartMessage, TargetRecord } from "../channel/messages.ts";
import { MAX_GENERATIONS, type SharedLimits } from "../shared/shared_limits.ts";
import { Generation } from "./threads/generation.ts";
import type { PreparedSockets } from "./sockets/listen_sockets.ts";
import type { NativeControl } from "./sockets/native_control.ts";
import { NATIVE_SANDBOX, type Sandbox, type SpareThread, WORKER_MODULE } from "../spare_thread.ts";
import { sandboxOf } from "./threads/sandbox.ts";
import { SocketFiles } from "./sockets/socket_files.ts";
import { Supervisor } from "./threads/supervisor.ts";
import type { WorkerCaptures } from "./requests/worker_captures.ts";
import type { WorkerCounters } from "./requests/worker_counters.ts";
import type { WorkersObserver } from "./workers_observer.ts";

/** The workers of one config. */
export interface WorkerGroup {
  readonly supervisor: Supervisor;
  readonly generation: Generation;
  /** By path, the names that its worker binds unix sockets to. */
  readonly unixNames: ReadonlyMap<string, string>;
}

export interface WorkerGroupsOptions {
  /** How many threads, at least 1. */
  readonly workers: number;
  readonly observer: WorkersObserver;
  /** The sessions that workers report at first. */
  readonly sessions: SessionsReported;
  /** The module that workers run. Default: this program's. */
  readonly module: URL | undefined;
  /** The permissions of workers. Default: what the config needs. */
  readonly permissions: Sandbox | undefined;
  /** A thread for the first worker, where it is native and runs this program's module with the usual permissions. */
  readonly spare: SpareThread | undefined;
  readonly control: ControlPlane;
  readonly native: NativeControl | undefined;
  readonly files: SocketFiles;
  readonly limits: SharedLimits;
  readonly counters: WorkerCounters;
  readonly captures: WorkerCaptures;
}

/** The workers of all generations: of the config in effect, of earlier ones with open sessions, of a reload under way. */
export class WorkerGroups {
  readonly #options: WorkerGroupsOptions;
  readonly #startedMs = monotonicClock.nowMs();
  readonly #retired = new Set<WorkerGroup>();
  #current: WorkerGroup;
  /** The workers that a reload is starting. */
  #next: WorkerGroup | undefined;
  #sessions: SessionsReported;

  /** @param sockets the sockets of the first config. */
  constructor(sockets: PreparedSockets, options: WorkerGroupsOptions) {
    this.#options = options;
    this.#sessions = options.sessions;
    this.#current = this.#create(sockets, 0);
  }

  /** The workers of the config in effect. */
  get current(): WorkerGroup {
    return this.#current;
  }

  /** The groups that may have sessions: that of the config in effect first, then the retired ones. */
  list(): WorkerGroup[] {
    return [this.#current, ...this.#retired];
  }

  /** The supervisors of all groups, that of the workers that a reload is starting last. */
  supervisors(): Supervisor[] {
    const groups = [...this.list(), ...this.#next === undefined ? [] : [this.#next]];
    return groups.map(({ supervisor }) => supervisor);
  }

  /** The open sessions of all workers. */
  get active(): number {
    return this.list().reduce((sum, { generation }) => sum + generation.active, 0);
  }

  /** Changes which sessions workers report, of those that end from now on. */
  reportSessions(sessions: SessionsReported): void {
    this.#sessions = sessions;
    for (const { supervisor } of this.list()) supervisor.post({ kind: "report_sessions", sessions });
  }

  /** Sends the targets of a pool to the workers of the config in effect. */
  postTargets(pool: PoolRef): void {
    // The pool may have gone with its app meanwhile.
    if (!this.#options.control.has(pool)) return;
    this.#current.supervisor.post({ kind: "targets", pool, targets: this.#records(pool) });
  }

  /**
   * Returns the number of a free part of the shared memory, for another group.
   *
   * @throws {StartError} when too many groups have open sessions to start another.
   */
  freeSlot(): number {
    const taken = new Set(this.list().map(({ generation }) => generation.slot));
    for (let slot = 0; slot < MAX_GENERATIONS; slot++) if (!taken.has(slot)) return slot;
    throw new StartError(
      `reload: connections of ${MAX_GENERATIONS} configs are open; end the oldest, or set "on_reload: drain"`,
    );
  }

  /** Creates the group of the next config; starts no worker. `use` or `discardNext` must follow. */
  createNext(sockets: PreparedSockets, slot: number): WorkerGroup {
    return this.#next = this.#create(sockets, slot);
  }

  /** Forgets the group of a config that did not come into effect. */
  discardNext(): void {
    this.#next = undefined;
  }

  /** Makes the next group the current one, and returns the one before it. */
  use(next: WorkerGroup): WorkerGroup {
    const before = this.#current;
    this.#current = next;
    this.#next = undefined;
    return before;
  }

  /**
   * Retires workers with the previous config; resolves when they no longer accept. They end with their last session.
   *
   * @param next the config in effect, with the addresses actually bound.
   */
  async retire(group: WorkerGroup, next: Config): Promise<readonly ReloadProblem[]> {
    const { supervisor } = group;
    this.#retired.add(group);
    supervisor.ended.then(() => this.#retired.delete(group)).catch((error) =>
      this.#options.observer.defect(error)
    );
    const late = await supervisor.retire({
      targets: this.#options.control.labels(),
      // A unix socket has a queue of its own, which its worker empties, unless it was passed to this process.
      listeners: next.apps.flatMap(({ listen }) =>
        listen.flatMap((address) =>
          address.kind === "tcp" || this.#options.native?.isPassed(address) === true
            ? [formatAddress(address)]
            : []
        )
      ),
      obsoleteMs: obsoleteMs(next),
    });
    return late.map(({ worker, why }) =>
      programProblem(`worker ${worker} with the previous config: ${why}; it may still accept connections`)
    );
  }

  #create({ config, handles }: PreparedSockets, slot: number): WorkerGroup {
    const { workers, observer, module, permissions, spare, control, native } = this.#options;
    const { files, limits, counters, captures } = this.#options;
    const generation = new Generation(limits, { workers, slot });
    const unixNames = files.names(config);
    const names = new NameAnswers(config, control);
    const supervisor = new Supervisor({
      count: workers,
      observer,
      generation,
      counters,
      module: module ?? WORKER_MODULE,
      permissions: permissions ?? this.#permissions(config, unixNames),
      spare: native !== undefined && module === undefined && permissions === undefined ? spare : undefined,
      captures,
      startMessage: (worker) => this.#startMessage(config, { generation, unixNames, handles }, worker),
      onGone: (worker) => native?.gone(generation.shareOf(worker)),
      onRebound: (worker) => {
        if (worker === 0) files.replace(unixNames);
      },
      onName: (id, name) => names.answer(id, name),
      onBound: (confinement) => {
        if (confinement !== undefined) observer.workersConfined(confinementOf(config).ports, confinement);
      },
      onReport: ({ target, outcome }) => control.report(target, outcome),
    });
    // A confined worker cannot remove what it has bound.
    supervisor.ended.then(() => SocketFiles.free(unixNames)).catch((error) => observer.defect(error));
    return { supervisor, generation, unixNames };
  }

  #permissions(config: Config, unixNames: ReadonlyMap<string, string>): Sandbox {
    if (this.#options.native !== undefined) return NATIVE_SANDBOX;
    return sandboxOf(config, {
      isNetOpen: Deno.permissions.querySync({ name: "net" }).state === "granted",
      unixIsNet: runtimeAtLeast(2, 9),
      unixNames,
    });
  }

  #startMessage(
    config: Config,
    { generation, unixNames, handles }: Pick<WorkerGroup, "generation" | "unixNames"> & {
      readonly handles: PreparedSockets["handles"];
    },
    worker: number,
  ): Omit<StartMessage, "nowMs" | "captures"> {
    if (worker === 0) SocketFiles.free(unixNames);
    const { control, native, limits } = this.#options;
    const share = generation.shareOf(worker);
    return {
      kind: "start",
      worker,
      share,
      native: native && { handles, descriptors: native.begin(share) },
      config,
      startedMs: this.#startedMs,
      memory: generation.memory,
      // Only one worker can bind a path.
      hasUnixListeners: worker === 0,
      unixNames,
      sessions: this.#sessions,
      apps: new Map(config.apps.map(({ name: app }) => [app, {
        ...control.overridesRecord(app),
        tlsFiles: control.tlsFiles(app),
        memory: limits.app(app),
        pools: new Map(
          [...control.states(app).keys()].map((pool) => [pool, this.#records({ app, pool })]),
        ),
      }])),
    };
  }

  #records(pool: PoolRef): TargetRecord[] {
    const { limits, control } = this.#options;
    return limits.recordsOf(pool, control.states(pool.app).get(pool.pool) ?? []);
  }
}
