import { type Candidates, Pool, type Target, type TargetSpec } from "../../../lib/pool/mod.ts";
import { dialPool } from "../../../lib/session/dial/_dialing.ts";
import { AnsweringDialer } from "./answering_dialer.ts";
import { FakeTime } from "./fake_time.ts";

interface Watch {
  waits(id: number): void;
  given(id: number, target: Target): void;
}

/** A pool that tells when a connection begins to wait, and when it is given a target. */
class WatchedPool extends Pool {
  /** The connection that begins. */
  beginning = 0;
  readonly #watch: Watch;
  readonly #ids = new Map<Candidates, number>();

  constructor(specs: readonly TargetSpec[], watch: Watch) {
    super(specs, { balance: "first" });
    this.#watch = watch;
  }

  override begin(...args: Parameters<Pool["begin"]>): Candidates {
    const candidates = super.begin(...args);
    const id = this.beginning;
    this.#ids.set(candidates, id);
    const next = candidates.next.bind(candidates);
    candidates.next = () => {
      const candidate = next();
      if (candidate !== undefined) this.#watch.given(id, candidate.target);
      return candidate;
    };
    return candidates;
  }

  override waitForPlace(...args: Parameters<Pool["waitForPlace"]>): ReturnType<Pool["waitForPlace"]> {
    this.#watch.waits(this.#ids.get(args[0]) ?? 0);
    return super.waitForPlace(...args);
  }

  candidatesOf(id: number): Candidates | undefined {
    for (const [candidates, each] of this.#ids) if (each === id) return candidates;
    return undefined;
  }
}

/** Connections to a pool, each in one state, in order of arrival. */
export class Clients {
  readonly pool: WatchedPool;
  /** Those that were served, in that order. */
  readonly served: number[] = [];
  readonly limited: number[] = [];
  /** Those that found no target. */
  readonly failed: number[] = [];
  readonly waiting = new Map<number, AbortController>();
  readonly holding = new Map<number, Candidates>();
  readonly overtaken: string[] = [];
  /** What connections tried of which some was tried twice. */
  readonly twice: string[] = [];
  readonly dialer = new AnsweringDialer();
  readonly #time = new FakeTime();
  /** Those that wait for a place, in the order in which they began to. */
  readonly #queue = new Set<number>();
  #last = 0;

  constructor(specs: readonly TargetSpec[]) {
    this.pool = new WatchedPool(specs, {
      waits: (id) => void this.#queue.add(id),
      given: (id, target) => {
        const isAhead = (each: number): boolean =>
          this.waiting.get(each)?.signal.aborted === false && this.#canUse(each, target);
        // Whoever has just come is behind all that wait.
        for (const each of this.#queue) {
          if (each === id) break;
          if (isAhead(each)) this.overtaken.push(`${id} before ${each}`);
        }
        this.#queue.delete(id);
      },
    });
  }

  #canUse(id: number, target: Target): boolean {
    return this.pool.candidatesOf(id)?.hasTried(target) === false;
  }

  [Symbol.dispose](): void {
    for (const controller of this.waiting.values()) controller.abort();
    this.pool.stop();
  }

  arrive(queueTimeoutMs = 3_600_000): void {
    const id = ++this.#last;
    const controller = new AbortController();
    this.waiting.set(id, controller);
    const until = {
      signal: controller.signal,
      get aborted(): boolean {
        return controller.signal.aborted;
      },
      hold: () => {},
    };
    const options = {
      dialer: this.dialer,
      port: 0,
      context: { clientHash: 0 },
      retry: undefined,
      clock: this.#time.clock,
    };
    this.pool.beginning = id;
    const dialing = dialPool(this.pool, { ...options, queueTimeoutMs, until, opening: undefined });
    dialing.then((result) => {
      this.waiting.delete(id);
      this.#queue.delete(id);
      if (result.full) this.limited.push(id);
      else if (result.dialed.kind === "exhausted") this.failed.push(id);
      const tried = result.dialed.failures.map(({ target }) => target.target);
      if (new Set(tried).size < tried.length) this.twice.push(...tried.map(({ label }) => label));
      if (result.dialed.kind !== "connected") return result.candidates.release();
      this.served.push(id);
      this.holding.set(id, result.candidates);
    });
  }

  /** The n-th of those that wait, or hold a place, goes. */
  leave(kind: "waiting" | "holding", nth: number): void {
    if (kind === "waiting") {
      [...this.waiting.values()][nth % this.waiting.size]?.abort();
      return;
    }
    const id = [...this.holding.keys()][nth % this.holding.size];
    if (id === undefined) return;
    this.holding.get(id)?.release();
    this.holding.delete(id);
  }

  /** Whether anyone waits although a place is free that it could use, or can only be waited for in vain. */
  get hasForgotten(): boolean {
    const { targets, desperate } = this.pool;
    const usable = targets.filter((target) => target.weight > 0 && (target.usable || desperate));
    return [...this.waiting.keys()].some((id) => {
      const left = usable.filter((target) => this.#canUse(id, target));
      return left.length === 0 || left.some((target) => !target.full);
    });
  }
}

/** Lets every promise that is settled call back what follows from it; no timer runs meanwhile. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 500; turn++) await Promise.resolve();
}
