/** Steps per doubling: each bucket is 9 % wide. */
const STEPS = 8;
const SMALLEST_MS = 0.01;
const BUCKETS = 200;

/** Counts of times in milliseconds, in fixed memory. */
export class Histogram {
  readonly #counts = new Uint32Array(BUCKETS);
  count = 0;
  max = 0;

  add(ms: number): void {
    const bucket = Math.floor(Math.log2(Math.max(ms, SMALLEST_MS) / SMALLEST_MS) * STEPS);
    const at = Math.min(BUCKETS - 1, bucket);
    this.#counts[at] = (this.#counts[at] ?? 0) + 1;
    this.count++;
    this.max = Math.max(this.max, ms);
  }

  /** The time that this share of all, from 0 to 1, stays within; 0 when there is none. */
  quantile(share: number): number {
    let left = Math.ceil(this.count * share);
    if (left === 0) return 0;
    for (let at = 0; at < BUCKETS; at++) {
      left -= this.#counts[at] ?? 0;
      if (left <= 0) return Math.min(this.max, SMALLEST_MS * 2 ** ((at + 1) / STEPS));
    }
    return this.max;
  }
}
