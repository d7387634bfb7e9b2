import type { Rate } from "../permits.ts";

/** Rate and burst. */
export interface SharedRateOptions {
  readonly ratePerSecond: number;
  /** Default: one second's worth, at least 1. */
  readonly burst?: number;
}

const NS_PER_MS = 1e6;

/**
 * A rate limit that threads share: at most `ratePerSecond` in the long run, and at most `burst` at once. Starts with
 * a full burst.
 *
 * The generic cell rate algorithm in its virtual scheduling form (ITU-T I.371). Its state is one word, the
 * theoretical arrival time of the next token, so a compare-and-exchange suffices. It admits exactly what the token
 * bucket does. All threads must read the same clock, which starts at 0 or later.
 */
export class SharedRate implements Rate {
  /** In nanoseconds. */
  readonly #arrival: BigInt64Array;
  readonly #intervalMs: number;
  readonly #toleranceMs: number;

  /** Allocates one rate. */
  static allocate(): SharedArrayBuffer {
    return new SharedArrayBuffer(BigInt64Array.BYTES_PER_ELEMENT);
  }

  constructor(memory: SharedArrayBuffer, options: SharedRateOptions) {
    const { ratePerSecond, burst = Math.max(1, ratePerSecond) } = options;
    this.#arrival = new BigInt64Array(memory);
    this.#intervalMs = 1000 / ratePerSecond;
    this.#toleranceMs = (burst - 1) * this.#intervalMs;
  }

  tryTake(nowMs: number): boolean {
    for (let arrival = Atomics.load(this.#arrival, 0);;) {
      const arrivalMs = Number(arrival) / NS_PER_MS;
      if (waitMs(arrivalMs - this.#toleranceMs, nowMs) > 0) return false;
      const next = BigInt(Math.round((Math.max(arrivalMs, nowMs) + this.#intervalMs) * NS_PER_MS));
      const found = Atomics.compareExchange(this.#arrival, 0, arrival, next);
      if (found === arrival) return true;
      arrival = found;
    }
  }

  giveBack(): void {
    Atomics.sub(this.#arrival, 0, BigInt(Math.round(this.#intervalMs * NS_PER_MS)));
  }

  waitMs(nowMs: number): number {
    return waitMs(Number(Atomics.load(this.#arrival, 0)) / NS_PER_MS - this.#toleranceMs, nowMs);
  }
}

/** Whatever is due within two nanoseconds is due now: accumulated rounding must not cost a token. */
function waitMs(dueMs: number, nowMs: number): number {
  const leftMs = dueMs - nowMs;
  return leftMs <= 2 / NS_PER_MS ? 0 : leftMs;
}
