import { TokenBucket } from "./token_bucket.ts";

/** Seconds' worth of bytes that may pass at once after a pause. */
const BURST_SECONDS = 0.1;

/** A {@link TokenBucket} over bytes, at any rate: a taker is never refused but told how long to wait. */
export class ByteBucket {
  readonly #bytes: TokenBucket;

  constructor(bytesPerSecond: number, nowMs: number) {
    this.#bytes = new TokenBucket({
      ratePerSecond: bytesPerSecond,
      burst: bytesPerSecond * BURST_SECONDS,
    }, nowMs);
  }

  /** Takes `bytes` and gives how many milliseconds to wait before they may pass; 0 when they may pass at once. */
  take(bytes: number, nowMs: number): number {
    return this.#bytes.take(bytes, nowMs);
  }
}
