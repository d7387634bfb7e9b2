import type { Rate } from "./permits.ts";

/** How fast a bucket fills and how much it holds. */
export interface TokenBucketOptions {
  readonly ratePerSecond: number;
  /** The most that may pass at once after a pause. Default one second's worth, at least 1. */
  readonly burst?: number;
}

/**
 * Half a nanosecond of a token: waiting for as long as {@link TokenBucket.waitMs} says must be enough, whatever
 * rounding does to sums of fractions.
 */
const ROUNDING = 1e-9;

/**
 * A token bucket: at most `ratePerSecond` in the long run, and at most `burst` at once. It begins full.
 *
 * The continuous-state leaky bucket of ITU-T I.371, seen from the other side; nothing runs while nobody asks.
 */
export class TokenBucket implements Rate {
  readonly #tokensPerMs: number;
  readonly #burst: number;
  #tokens: number;
  #filledMs: number;

  constructor({ ratePerSecond, burst = Math.max(1, ratePerSecond) }: TokenBucketOptions, nowMs: number) {
    this.#tokensPerMs = ratePerSecond / 1000;
    this.#burst = burst;
    this.#tokens = burst;
    this.#filledMs = nowMs;
  }

  /** Takes one token if there is one. */
  tryTake(nowMs: number): boolean {
    this.#fill(nowMs);
    if (this.#tokens < 1 - ROUNDING) return false;
    this.#tokens -= 1;
    return true;
  }

  /** Milliseconds until {@link TokenBucket.tryTake} will find a token; 0 when there is one. */
  waitMs(nowMs: number): number {
    this.#fill(nowMs);
    return this.#tokens >= 1 - ROUNDING ? 0 : (1 - this.#tokens) / this.#tokensPerMs;
  }

  giveBack(): void {
    this.#tokens = Math.min(this.#burst, this.#tokens + 1);
  }

  /**
   * Takes any number, into debt if need be, and gives how many milliseconds to wait before they may be used. So nothing
   * is too large to pass, and the rate holds over time.
   */
  take(count: number, nowMs: number): number {
    this.#fill(nowMs);
    this.#tokens -= count;
    return this.#tokens >= -ROUNDING ? 0 : -this.#tokens / this.#tokensPerMs;
  }

  /** Whether it is as a new one would be, so that nothing is lost by forgetting it. */
  isFull(nowMs: number): boolean {
    this.#fill(nowMs);
    return this.#tokens >= this.#burst;
  }

  #fill(nowMs: number): void {
    this.#tokens = Math.min(this.#burst, this.#tokens + (nowMs - this.#filledMs) * this.#tokensPerMs);
    this.#filledMs = nowMs;
  }
}
