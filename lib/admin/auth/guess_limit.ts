import { TokenBucket } from "../../limits/mod.ts";

/** Wrong tokens that an address may send at once. */
const BURST = 10;

/** One more attempt every 6 s. */
const RATE_PER_SECOND = 1 / 6;

/** Addresses that are counted each by itself; the others share a count, so that memory stays bounded. */
const MAX_ADDRESSES = 1000;

/**
 * Limits how often an address may try a wrong token. Once it has used up its attempts, it has to wait, also with the right
 * one: otherwise its guesses would still be answered.
 */
export class GuessLimit {
  /** Those that have failed not long ago, the latest last. */
  readonly #buckets = new Map<string, TokenBucket>();
  #others: TokenBucket | undefined;

  /** Returns how long the address has to wait for its next attempt, in milliseconds; 0 for none. */
  waitMs(address: string, nowMs: number): number {
    return (this.#buckets.get(address) ?? this.#sharedBy(address))?.waitMs(nowMs) ?? 0;
  }

  /** Counts a wrong token; returns whether it was the last that the address may send for now. */
  failed(address: string, nowMs: number): boolean {
    const bucket = this.#bucketOf(address, nowMs);
    return bucket.tryTake(nowMs) && bucket.waitMs(nowMs) > 0;
  }

  #bucketOf(address: string, nowMs: number): TokenBucket {
    const known = this.#buckets.get(address);
    if (known !== undefined) return known;
    if (this.#buckets.size >= MAX_ADDRESSES) this.#forgetFull(nowMs);
    const bucket = new TokenBucket({ ratePerSecond: RATE_PER_SECOND, burst: BURST }, nowMs);
    if (this.#buckets.size >= MAX_ADDRESSES) return this.#others ??= bucket;
    this.#buckets.set(address, bucket);
    return bucket;
  }

  #sharedBy(address: string): TokenBucket | undefined {
    return this.#buckets.size < MAX_ADDRESSES || this.#buckets.has(address) ? undefined : this.#others;
  }

  /** A full bucket says no more than a new one. */
  #forgetFull(nowMs: number): void {
    for (const [address, bucket] of this.#buckets) if (bucket.isFull(nowMs)) this.#buckets.delete(address);
    if (this.#others?.isFull(nowMs)) this.#others = undefined;
  }
}
