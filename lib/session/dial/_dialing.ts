import type { Clock } from "../../base/mod.ts";
import {
  type Dialer,
  type DialHolder,
  DialPause,
  type DialResult,
  type Next,
  type Preamble,
} from "../../dial/mod.ts";
import type { PickContext } from "../../balancing/mod.ts";
import type { Candidate, Candidates, Pool } from "../../pool/mod.ts";
import type { RetryRule } from "../app.ts";
import type { SessionTally } from "../tally.ts";

export interface DialingOptions {
  readonly dialer: Dialer<Candidate>;
  readonly port: number;
  readonly context: PickContext;
  readonly queueTimeoutMs: number;
  /** Whether and how targets that have failed are dialed again; `undefined` for not. */
  readonly retry: RetryRule | undefined;
  readonly clock: Clock;
  /** The session that dials; it may end the dialing. */
  readonly until: DialHolder & { readonly signal: AbortSignal };
  readonly opening: Preamble<Candidate> | undefined;
  /** Called with the time that a connection has waited for a place; default nothing. */
  readonly tally?: Pick<SessionTally, "queued"> | undefined;
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
 * order of arrival. Each failure is reported to the pool at once; it is not dialed again, unless all have failed and there
 * is a {@link RetryRule}: then, after its pause, they are chosen from anew, as the pool knows them by then.
 */
export async function dialPool(pool: Pool, options: DialingOptions): Promise<Dialing> {
  const source = new PoolSource(pool, options);
  const dialed = await options.dialer.dial(() => source.next(), options.until, options.opening);
  return { dialed, candidates: source.candidates, full: source.full, nothing: source.nothing };
}

const NOT_FOUND = "discovery has found no target";
const NO_WEIGHT = "every target has weight 0";
const SET_ASIDE = "every target has weight 0, or was drained or taken down by an operator";

function whyNothing({ targets }: Pool): string {
  if (targets.length === 0) return NOT_FOUND;
  return targets.every(({ admin }) => admin === "ready") ? NO_WEIGHT : SET_ASIDE;
}

/** The targets of a pool, as one connection is to dial them. */
class PoolSource {
  /** The last one: as long as one exists, the optimized code of its methods does (see `LocalSessions`). */
  protected static kept: PoolSource | undefined;
  candidates: Candidates;
  full = false;
  nothing = "";
  readonly #pool: Pool;
  readonly #options: DialingOptions;
  /** The rest of its waiting time. */
  #leftMs: number;
  #last: Candidate | undefined;
  /** How many were given, in all and before this round. */
  #given = 0;
  #givenBefore = 0;
  #isPausing = false;

  constructor(pool: Pool, options: DialingOptions) {
    this.#pool = pool;
    this.#options = options;
    this.#leftMs = options.queueTimeoutMs;
    this.candidates = pool.begin(options.port, options.context);
    PoolSource.kept = this;
  }

  next(): Next<Candidate> | Promise<Next<Candidate>> {
    const pool = this.#pool;
    const { retry, port, context } = this.#options;
    // The dialer asks again when the last one has failed.
    const failed = this.#last;
    this.#last = undefined;
    if (this.#isPausing) {
      this.#isPausing = false;
      this.candidates = pool.begin(port, context);
    }
    if (failed !== undefined) pool.report(failed.target, "failed");
    else if (pool.limited && pool.crowded) return this.#wait();
    if (this.#given === retry?.tries) return undefined;
    const next = this.candidates.next();
    if (next !== undefined) return this.#give(next);
    const hasLeft = pool.hasLeft(this.candidates);
    if (hasLeft && pool.limited) return this.#wait();
    if (!hasLeft && this.#given === 0) this.nothing = whyNothing(pool);
    return this.#again();
  }

  #give(candidate: Candidate): Candidate {
    this.#given++;
    return this.#last = candidate;
  }

  /** Every target has failed: the pause before the next round, where there is one. */
  #again(): DialPause | undefined {
    const { retry } = this.#options;
    // A round without a dial could go on without end.
    if (retry === undefined || this.#given >= retry.tries || this.#given === this.#givenBefore) {
      return undefined;
    }
    this.#givenBefore = this.#given;
    this.#isPausing = true;
    return new DialPause(retry.pauseMs);
  }

  async #wait(): Promise<Next<Candidate>> {
    const { clock, until, tally } = this.#options;
    const beganMs = clock.nowMs();
    try {
      const outcome = await this.#pool.waitForPlace(this.candidates, {
        signal: until.signal,
        timeoutMs: this.#leftMs,
      });
      const waitedMs = clock.nowMs() - beganMs;
      this.#leftMs -= waitedMs;
      tally?.queued(waitedMs);
      if (typeof outcome !== "string") return this.#give(outcome);
      if (outcome === "none") return this.#again();
      this.full = true;
    } catch (error) {
      // The session was ended, and has its reason.
      if (!until.signal.aborted) throw error;
    }
    return undefined;
  }
}
