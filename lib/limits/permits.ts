import type { WaitOptions } from "./wait_queue.ts";

/** A number of permits, each held by a guard: {@link Slots} in one thread, {@link SharedSlots} across threads. */
export interface Permits {
  /** Takes a permit if one is free for a newcomer. */
  tryTake(): Disposable | undefined;

  /**
   * Takes a permit, waiting for one; `undefined` if too many wait already, or on timeout.
   *
   * @throws the signal's reason, once it is aborted.
   */
  take(options: WaitOptions): Promise<Disposable | undefined>;
}

/** A rate limit: {@link TokenBucket} in one thread, {@link SharedRate} across threads. */
export interface Rate {
  /** Takes a token if there is one. */
  tryTake(nowMs: number): boolean;
  /** Returns the milliseconds until {@link Rate.tryTake} may succeed; 0 for now. */
  waitMs(nowMs: number): number;
  /** Returns a token that was taken but not used. */
  giveBack(): void;
}
