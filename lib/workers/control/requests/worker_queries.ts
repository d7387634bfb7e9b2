import type { Config } from "../../../config/mod.ts";
import type { CountersSnapshot, MetricsSnapshot } from "../../../metrics/mod.ts";
import {
  type ConnectionQuestion,
  type ControlPlane,
  explainConnection,
  type Explanation,
  type ListenerInfo,
  metricsOf,
  type ProxyStatus,
  type Reloader,
  type RuntimeSnapshot,
  statusOf,
} from "../../../proxy/mod.ts";
import type { SharedLimits } from "../../shared/shared_limits.ts";
import type { WorkerGroups } from "../worker_groups.ts";
import type { WorkerCounters } from "./worker_counters.ts";

export interface WorkerQueriesOptions {
  /** How many threads carry connections. */
  readonly workers: number;
  readonly control: ControlPlane;
  readonly limits: SharedLimits;
  readonly groups: WorkerGroups;
  readonly counters: WorkerCounters;
  readonly reloader: Reloader;
  /** The config in effect, with the addresses actually bound. */
  config(): Config;
  /** Whether nothing is accepted any more. */
  isEnding(): boolean;
}

/** How long metrics wait for a worker. */
const COUNT_LIMIT_MS = 1000;

/**
 * What can be asked about a proxy with several threads: the control plane and the shared memory know most of it, and the
 * workers are asked for the rest.
 */
export class WorkerQueries {
  readonly #options: WorkerQueriesOptions;
  #counting: Promise<MetricsSnapshot> | undefined;

  constructor(options: WorkerQueriesOptions) {
    this.#options = options;
  }

  listeners(): readonly ListenerInfo[] {
    const { apps } = this.#options.config();
    return apps.flatMap(({ name: app, listen }) => listen.map((address) => ({ app, address })));
  }

  /** Whether every worker answers within this time. */
  async isAlive(limitMs: number): Promise<boolean> {
    const answers = await Promise.all(
      this.#options.groups.list().map(({ supervisor }) => supervisor.ask({ kind: "alive" }, limitMs)),
    );
    return answers.every(({ values, refusals }) =>
      refusals.length === 0 && values.every(({ value }) => value)
    );
  }

  status(): ProxyStatus {
    return statusOf(this.#options.config(), this.#snapshot());
  }

  /** @param counted what the workers have counted; default the connections that no limit counts are not known. */
  explain(question: ConnectionQuestion, counted?: CountersSnapshot): Explanation {
    return explainConnection(this.#options.config(), question, this.#snapshot(counted));
  }

  /** Asks the workers; whoever asks meanwhile gets the same answer. */
  metrics(): Promise<MetricsSnapshot> {
    return this.#counting ??= this.#count().finally(() => this.#counting = undefined);
  }

  /** A worker that does not answer in time counts with what it sent before. */
  async #count(): Promise<MetricsSnapshot> {
    const { workers, control, groups, counters, reloader } = this.#options;
    const [certificates] = await Promise.all([
      reloader.certificates(),
      ...groups.list().map(({ supervisor }) => supervisor.ask({ kind: "counters" }, COUNT_LIMIT_MS)),
    ]);
    return metricsOf(this.status(), {
      counters: counters.snapshot(control.counters()),
      workers: counters.count(workers),
      certificates,
    });
  }

  #snapshot(counted?: CountersSnapshot): RuntimeSnapshot {
    const { workers, control, limits, groups, isEnding } = this.#options;
    return {
      listeners: this.listeners(),
      workers,
      sessions: groups.active,
      isEnding: isEnding(),
      sessionsOf: (app) => limits.sessionsOf(app),
      isPaused: (app) => control.settings.isPaused(app),
      faults: (app) => control.faults(app),
      pools: (app) => {
        if (!control.hasApp(app)) return [];
        const states = control.states(app);
        const targets = counted?.apps.get(app)?.targets;
        return control.snapshot(app, (pool) => {
          const ofPool = states.get(pool) ?? [];
          const taken = limits.takenOf({ app, pool }, ofPool);
          return targets === undefined
            ? taken
            : taken.map((count, index) => count ?? targets.get(ofPool[index]?.spec.label ?? "")?.active ?? 0);
        });
      },
    };
  }
}
