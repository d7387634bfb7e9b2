import type { WaitOptions } from "./wait_queue.ts";

/** A number of places, each held by a guard. In one thread {@link Slots}, across threads {@link SharedSlots}. */
export interface Permits {
  /** Takes a place if one is free for a newcomer. */
  tryTake(): Disposable | undefined;

  /**
   * Takes a place, waiting for one; `undefined` when too many wait already, or the time is over.
   *
   * @throws the signal's reason, once it is aborted.
   */
  take(options: WaitOptions): Promise<Disposable | undefined>;
}

/** A rate of single things. In one thread {@link TokenBucket}, across threads {@link SharedRate}. */
export interface Rate {
  /** Takes one if the rate has room for it. */
  tryTake(nowMs: number): boolean;
  /** Milliseconds until {@link Rate.tryTake} is worth another try; 0 when it is now. */
  waitMs(nowMs: number): number;
  /** Gives back one that was taken, and came to nothing. */
  giveBack(): void;
}
