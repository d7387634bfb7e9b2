import { Poll, type WaitOptions, WaitQueue } from "../limits/mod.ts";
import type { Candidates } from "./candidates.ts";
import type { Candidate, Target } from "./target.ts";

/** How many may wait for a place at once when every target is full; beyond that, waiting is hopeless. */
const MAX_WAITING = 1024;

/**
 * How a wait for a place ended: with the candidate whose place was taken; with no target left that could ever have one;
 * because too many wait, or it took too long.
 */
export type PlaceOutcome = Candidate | "none" | "full" | "timeout";

/** The places that are waited for. */
export interface PlaceSource {
  /** How many are free at this moment, at any target. */
  freePlaces(): number;
  /** Takes a place for a connection that waits; `undefined` where there is none now, `"none"` where there can be none. */
  take(candidates: Candidates): Candidate | "none" | undefined;
  /** Whether other threads give places back too, and say nothing of it. */
  isShared(): boolean;
}

/**
 * Those who wait for a place of a pool. A place that comes free is taken at once for whoever has waited longest of those
 * who can use it: not everyone can, as nobody goes back to a target that has refused already. So whoever comes in
 * between finds it taken, and no more are woken than there are places.
 */
export class PlaceQueue {
  readonly #source: PlaceSource;
  readonly #queue = new WaitQueue(MAX_WAITING);
  readonly #waiting = new Set<Candidates>();
  /** Places that another thread gives back are found by looking. */
  readonly #poll = new Poll(() => {
    this.offer();
    return this.#queue.size > 0;
  });

  constructor(source: PlaceSource) {
    this.#source = source;
  }

  /** Whether anyone waits who could use a place of the target. */
  isWanted(target: Target): boolean {
    for (const candidates of this.#waiting) if (!candidates.hasTried(target)) return true;
    return false;
  }

  /** Takes a place, in the queue where there is none. @throws the signal's reason. */
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

  /** Gives the places that are free to those who wait. */
  offer(): void {
    if (this.#queue.size > 0) this.#queue.wakeReady(() => this.#source.freePlaces() > 0);
  }

  /** The same after the targets have changed, so that for some there may be none left to wait for. */
  review(): void {
    if (this.#queue.size > 0) this.#queue.wakeReady(() => true);
  }

  /** Ends its timer. */
  stop(): void {
    this.#poll.stop();
  }
}
