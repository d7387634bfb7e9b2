/** Upper bounds of a histogram's buckets in milliseconds, ascending; a last bucket takes all larger values. */
export type Bounds = readonly number[];

/** From half a millisecond to ten seconds: dials, waits, first bytes. */
export const WAIT_BOUNDS_MS: Bounds = [
  0.5,
  1,
  2.5,
  5,
  10,
  25,
  50,
  100,
  250,
  500,
  1000,
  2500,
  5000,
  10_000,
];

/** From a millisecond to a day: lengths of sessions. */
export const SESSION_BOUNDS_MS: Bounds = [
  1,
  5,
  10,
  50,
  100,
  500,
  1000,
  5000,
  10_000,
  30_000,
  60_000,
  300_000,
  900_000,
  3_600_000,
  14_400_000,
  86_400_000,
];

/** From a millisecond to two and a half seconds: how late a timer fires. */
export const DELAY_BOUNDS_MS: Bounds = [1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500];

/** A histogram as plain data. */
export interface HistogramSnapshot {
  readonly bounds: Bounds;
  /** Values in each bucket, not cumulative; one more than there are bounds. */
  readonly counts: readonly number[];
  /** The sum of all values, in milliseconds. */
  readonly sum: number;
  /** The largest value, in milliseconds; 0 without values. */
  readonly max: number;
}

/** Counts values in buckets. Adding one costs a few comparisons and allocates nothing. */
export class Histogram {
  readonly #bounds: Bounds;
  readonly #counts: Float64Array;
  #sum = 0;
  #max = 0;

  constructor(bounds: Bounds) {
    this.#bounds = bounds;
    this.#counts = new Float64Array(bounds.length + 1);
  }

  /** Adds a value in milliseconds; a negative one counts as 0. */
  add(value: number): void {
    const ms = value > 0 ? value : 0;
    const bounds = this.#bounds;
    let bucket = 0;
    while (ms > (bounds[bucket] ?? Infinity)) bucket++;
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#sum += ms;
    if (ms > this.#max) this.#max = ms;
  }

  snapshot(): HistogramSnapshot {
    return { bounds: this.#bounds, counts: [...this.#counts], sum: this.#sum, max: this.#max };
  }
}

/** A histogram without values. */
export function emptyHistogram(bounds: Bounds): HistogramSnapshot {
  return { bounds, counts: new Array<number>(bounds.length + 1).fill(0), sum: 0, max: 0 };
}

/** Returns the histogram of the values of both, which must have the same bounds. */
export function mergeHistograms(a: HistogramSnapshot, b: HistogramSnapshot): HistogramSnapshot {
  return {
    bounds: a.bounds,
    counts: a.counts.map((count, bucket) => count + (b.counts[bucket] ?? 0)),
    sum: a.sum + b.sum,
    max: Math.max(a.max, b.max),
  };
}

/** The number of values. */
export function countOf({ counts }: HistogramSnapshot): number {
  return counts.reduce((sum, count) => sum + count, 0);
}

/**
 * Estimates a quantile in milliseconds: values count as spread evenly over their bucket, and none as larger than the
 * largest. 0 without values.
 *
 * @param q from 0 to 1.
 */
export function quantile(histogram: HistogramSnapshot, q: number): number {
  const { bounds, counts, max } = histogram;
  const rank = q * countOf(histogram);
  let below = 0;
  for (const [bucket, count] of counts.entries()) {
    if (count > 0 && below + count >= rank) {
      const from = Math.min(bounds[bucket - 1] ?? 0, max);
      const to = Math.min(bounds[bucket] ?? Infinity, max);
      return from + (to - from) * Math.max(0, rank - below) / count;
    }
    below += count;
  }
  return 0;
}
