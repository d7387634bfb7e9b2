import { Poll, type WaitOptions, WaitQueue } from "../limits/mod.ts";
import type { Candidates } from "./candidates.ts";
import type { Candidate, Target } from "./target.ts";

/** How many connections may wait when every target is full; beyond that, waiting is hopeless. */
const MAX_WAITING = 1024;

/**
 * The end of a wait for a place: the candidate whose place was taken; `none` when no remaining target can have one;
 * `full` when too many wait; `timeout`.
 */
export type PlaceOutcome = Candidate | "none" | "full" | "timeout";

/** The places that connections wait for. */
export interface PlaceSource {
  /** How many places are free now, at any target. */
  freePlaces(): number;
  /** Takes a place for a waiting connection; `undefined` where there is none now, `"none"` where there can be none. */
  take(candidates: Candidates): Candidate | "none" | undefined;
  /** Whether other threads free places too, without notice. */
  isShared(): boolean;
}

/**
 * The connections that wait for a place in a pool. A freed place is taken at once for the longest-waiting connection
 * that can use it: not every one can, as none returns to a target that has refused it. So a newcomer finds it taken,
 * and no more are woken than there are places.
 */
export class PlaceQueue {
  readonly #source: PlaceSource;
  readonly #queue = new WaitQueue(MAX_WAITING);
  readonly #waiting = new Set<Candidates>();
  /** Polls for places that other threads free. */
  readonly #poll = new Poll(() => {
    this.offer();
    return this.#queue.size > 0;
  });

  constructor(source: PlaceSource) {
    this.#source = source;
  }

  /** Whether a waiting connection could use a place of the target. */
  isWanted(target: Target): boolean {
    for (const candidates of this.#waiting) if (!candidates.hasTried(target)) return true;
    return false;
  }

  /**
   * Takes a place, queueing where there is none.
   *
   * @throws the signal's reason.
   */
  async wait(candidates: Candidates, options: WaitOptions): Promise<PlaceOutcome> {
    let taken = this.#queue.size === 0 ? this.#source.take(candidates) : undefined;
    if (taken !== undefined) return taken;
    const waited = this.#queue.wait(options, () => {
      taken = this.#source.take(candidates);
      if (taken !== undefined) this.#waiting.delete(candidates);
      return taken !== undefined;
    });
    this.#waiting.add(candidates);
    try {
      this.offer();
      if (this.#queue.size > 0 && this.#source.isShared()) this.#poll.begin();
      const outcome = await waited;
      return outcome === "woken" ? taken ?? "none" : outcome;
    } finally {
      this.#waiting.delete(candidates);
    }
  }

  /** Hands free places to waiting connections. */
  offer(): void {
    if (this.#queue.size > 0) this.#queue.wakeReady(() => this.#source.freePlaces() > 0);
  }

  /** Re-examines every waiting connection after the targets have changed: for some, none may be left to wait for. */
  review(): void {
    if (this.#queue.size > 0) this.#queue.wakeReady(() => true);
  }

  /** Stops its timer. */
  stop(): void {
    this.#poll.stop();
  }
}
