import type { Rate } from "./permits.ts";

/** Rate and size of a bucket. */
export interface TokenBucketOptions {
  readonly ratePerSecond: number;
  /** Most tokens that may be taken at once after a pause. Default: one second's worth, at least 1. */
  readonly burst?: number;
}

/**
 * A billionth of a token: waiting for {@link TokenBucket.waitMs} must suffice despite rounding errors in sums of
 * fractions.
 */
const ROUNDING = 1e-9;

/**
 * A token bucket: at most `ratePerSecond` in the long run, and at most `burst` at once. Starts full.
 *
 * The mirror image of the continuous-state leaky bucket of ITU-T I.371; it runs no timer.
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

  /** Takes a token if there is one. */
  tryTake(nowMs: number): boolean {
    this.#fill(nowMs);
    if (this.#tokens < 1 - ROUNDING) return false;
    this.#tokens -= 1;
    return true;
  }

  /** Returns the milliseconds until {@link TokenBucket.tryTake} finds a token; 0 if there is one. */
  waitMs(nowMs: number): number {
    this.#fill(nowMs);
    return this.#tokens >= 1 - ROUNDING ? 0 : (1 - this.#tokens) / this.#tokensPerMs;
  }

  giveBack(): void {
    this.#tokens = Math.min(this.#burst, this.#tokens + 1);
  }

  /**
   * Takes any number of tokens, on credit if need be, and returns how many milliseconds to wait before using them. So
   * nothing is too large to pass, and the rate holds over time.
   */
  take(count: number, nowMs: number): number {
    this.#fill(nowMs);
    this.#tokens -= count;
    return this.#tokens >= -ROUNDING ? 0 : -this.#tokens / this.#tokensPerMs;
  }

  /** Whether the bucket equals a new one, so that it can be forgotten without loss. */
  isFull(nowMs: number): boolean {
    this.#fill(nowMs);
    return this.#tokens >= this.#burst;
  }

  #fill(nowMs: number): void {
    this.#tokens = Math.min(this.#burst, this.#tokens + (nowMs - this.#filledMs) * this.#tokensPerMs);
    this.#filledMs = nowMs;
  }
}
