import { TokenBucket } from "./token_bucket.ts";

/** Bytes that may pass at once after a pause: a tenth of a second's worth, at least one packet's. */
const BURST_SECONDS = 0.1;
const MIN_BURST_BYTES = 1500;

/** A {@link TokenBucket} over bytes: a taker is never refused but told how long to wait. */
export class ByteBucket {
  readonly #bytes: TokenBucket;

  constructor(bytesPerSecond: number, nowMs: number) {
    const burst = Math.max(MIN_BURST_BYTES, bytesPerSecond * BURST_SECONDS);
    this.#bytes = new TokenBucket({ ratePerSecond: bytesPerSecond, burst }, nowMs);
  }

  /** Takes `bytes` and gives how many milliseconds to wait before they may pass; 0 when they may pass at once. */
  take(bytes: number, nowMs: number): number {
    return this.#bytes.take(bytes, nowMs);
  }
}
