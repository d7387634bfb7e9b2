import { TokenBucket } from "./token_bucket.ts";

/** Burst size, in seconds' worth of bytes. */
const BURST_SECONDS = 0.1;

/** A {@link TokenBucket} over bytes, at any rate: it never refuses, but returns how long to wait. */
export class ByteBucket {
  readonly #bytes: TokenBucket;

  constructor(bytesPerSecond: number, nowMs: number) {
    this.#bytes = new TokenBucket({
      ratePerSecond: bytesPerSecond,
      burst: bytesPerSecond * BURST_SECONDS,
    }, nowMs);
  }

  /** Takes `bytes` and returns how many milliseconds to wait before they may pass; 0 for none. */
  take(bytes: number, nowMs: number): number {
    return this.#bytes.take(bytes, nowMs);
  }
}
