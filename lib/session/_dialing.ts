import type { Clock } from "../base/mod.ts";
import type { Dialer, DialHolder, DialResult, Opening } from "../dial/mod.ts";
import type { PickContext } from "../balancing/mod.ts";
import type { Candidate, Candidates, Pool } from "../pool/mod.ts";

export interface DialingOptions {
  readonly dialer: Dialer<Candidate>;
  readonly port: number;
  readonly context: PickContext;
  readonly queueTimeoutMs: number;
  readonly clock: Clock;
  /** Whoever the dialing is for, who may end it. */
  readonly until: DialHolder & { readonly signal: AbortSignal };
  readonly opening: Opening<Candidate> | undefined;
}

/** How dialing ended. */
export interface Dialing {
  readonly dialed: DialResult<Candidate>;
  /** They hold the target's place, where one has answered. */
  readonly candidates: Candidates;
  /** Whether it ended because a target that could have been dialed had no place in time. */
  readonly full: boolean;
  /** Why there was nothing to dial; empty where there was something. */
  readonly nothing: string;
}

/**
 * Dials the pool's candidates. Where those that are left are all at their limit, it waits for a place at one of them, in
 * order of arrival; those that have failed are not dialed again, and the pool is told of each at once.
 */
export async function dialPool(pool: Pool, options: DialingOptions): Promise<Dialing> {
  const source = new PoolSource(pool, options);
  const dialed = await options.dialer.dial(() => source.next(), options.until, options.opening);
  return { dialed, candidates: source.candidates, full: source.full, nothing: source.nothing };
}

const NOT_FOUND = "discovery has found no target";
const NO_WEIGHT = "every target has weight 0";

/** The targets of a pool, as one connection is to dial them. */
class PoolSource {
  readonly candidates: Candidates;
  full = false;
  nothing = "";
  readonly #pool: Pool;
  readonly #options: DialingOptions;
  /** What is left of the time that it may wait. */
  #leftMs: number;
  #last: Candidate | undefined;

  constructor(pool: Pool, options: DialingOptions) {
    this.#pool = pool;
    this.#options = options;
    this.#leftMs = options.queueTimeoutMs;
    this.candidates = pool.begin(options.port, options.context);
  }

  next(): Candidate | undefined | Promise<Candidate | undefined> {
    const pool = this.#pool;
    // The dialer asks again when the last one has failed.
    const failed = this.#last;
    if (failed !== undefined) pool.report(failed.target, "failed");
    else if (pool.limited && pool.crowded) return this.#wait();
    this.#last = this.candidates.next();
    if (this.#last !== undefined) return this.#last;
    if (pool.hasLeft(this.candidates)) return pool.limited ? this.#wait() : undefined;
    if (failed === undefined) this.nothing = pool.targets.length === 0 ? NOT_FOUND : NO_WEIGHT;
    return undefined;
  }

  async #wait(): Promise<Candidate | undefined> {
    const { clock, until } = this.#options;
    const beganMs = clock.nowMs();
    try {
      const outcome = await this.#pool.waitForPlace(this.candidates, {
        signal: until.signal,
        timeoutMs: this.#leftMs,
      });
      this.#leftMs -= clock.nowMs() - beganMs;
      if (typeof outcome !== "string") return this.#last = outcome;
      this.full = outcome !== "none";
    } catch (error) {
      // The session was ended, and whoever did that knows why.
      if (!until.signal.aborted) throw error;
    }
    return undefined;
  }
}
