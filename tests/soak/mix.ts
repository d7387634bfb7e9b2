import { errorMessage, type Random } from "../../lib/base/mod.ts";
import { Histogram } from "./histogram.ts";
import type { Site } from "./site.ts";
import { Visit } from "./visit.ts";
import type { Workload } from "./workloads/mod.ts";

/** What a kind of client has done. */
export interface WorkloadTally {
  readonly name: string;
  visits: number;
  failed: number;
  verifiedBytes: number;
}

/** Times of short requests, through the proxy and without it. */
export type Latencies = Readonly<Record<"proxied" | "direct", Histogram>>;

export interface MixOptions {
  /** Visits that begin in a second, on average. */
  readonly rate: number;
  readonly random: Random;
  readonly workloads: readonly Workload[];
  readonly site: Site;
}

/** More at once only if the proxy or the machine cannot keep up; visits beyond it are left out, and counted. */
const MAX_AT_ONCE = 400;

/** Far more than the slowest kind takes. */
const DEADLINE_MS = 120_000;

/** Messages that are kept. */
const MAX_MESSAGES = 20;

/** Clients that come at random moments, whether the ones before have left or not. */
export class Mix {
  readonly tallies: readonly WorkloadTally[];
  readonly failures: string[] = [];
  /** Connections that the proxy must have accepted. */
  connections = 0;
  finished = 0;
  leftOut = 0;
  readonly latency: Latencies = { proxied: new Histogram(), direct: new Histogram() };
  /** Latencies since the last call of {@link Mix.takeLatency}. */
  #recent: Latencies = { proxied: new Histogram(), direct: new Histogram() };
  readonly #options: MixOptions;
  readonly #running = new Set<Promise<void>>();
  readonly #totalWeight: number;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #dueMs = 0;

  constructor(options: MixOptions) {
    this.#options = options;
    this.tallies = options.workloads.map(({ name }) => ({ name, visits: 0, failed: 0, verifiedBytes: 0 }));
    this.#totalWeight = options.workloads.reduce((sum, { weight }) => sum + weight, 0);
  }

  start(): void {
    this.#dueMs = performance.now();
    this.#arrive();
  }

  /** Latencies since the last call. */
  takeLatency(): Latencies {
    const recent = this.#recent;
    this.#recent = { proxied: new Histogram(), direct: new Histogram() };
    return recent;
  }

  /** No more visits begin; resolves when those under way have ended. */
  async stop(): Promise<void> {
    clearTimeout(this.#timer);
    await Promise.all(this.#running);
  }

  readonly #arrive = (): void => {
    const { random, rate } = this.#options;
    const nowMs = performance.now();
    while (this.#dueMs <= nowMs) {
      // Exponential gaps: the number in any second is that of independent clients.
      this.#dueMs += -Math.log(1 - random()) * 1000 / rate;
      if (this.#running.size >= MAX_AT_ONCE) {
        this.leftOut++;
        continue;
      }
      const running = this.#visit(this.#choose()).finally(() => this.#running.delete(running));
      this.#running.add(running);
    }
    this.#timer = setTimeout(this.#arrive, this.#dueMs - nowMs);
  };

  #choose(): number {
    const { random, workloads } = this.#options;
    let left = random() * this.#totalWeight;
    const index = workloads.findIndex(({ weight }) => (left -= weight) < 0);
    return Math.max(index, 0);
  }

  async #visit(index: number): Promise<void> {
    const { random, site, workloads } = this.#options;
    const workload = workloads[index];
    const tally = this.tallies[index];
    if (workload === undefined || tally === undefined) return;
    using visit = new Visit(random, DEADLINE_MS);
    const beganMs = performance.now();
    tally.visits++;
    try {
      await workload.visit(site, visit);
      const { timed } = workload;
      if (timed !== undefined && visit.answeredAtMs !== undefined) {
        this.latency[timed].add(visit.answeredAtMs - beganMs);
        this.#recent[timed].add(visit.answeredAtMs - beganMs);
      }
    } catch (error) {
      tally.failed++;
      const why = visit.isLate ? `not done after ${DEADLINE_MS / 1000} s` : errorMessage(error);
      if (this.failures.length < MAX_MESSAGES) {
        this.failures.push(`${new Date().toISOString()} ${workload.name}: ${why}`);
      }
    }
    tally.verifiedBytes += visit.verified;
    this.connections += visit.connections;
    this.finished++;
  }
}
