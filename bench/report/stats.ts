/** The arithmetic of the bench: medians, percentiles, spreads and ratios within a round. */

/** What several rounds of one metric come to. */
export interface Summary {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/**
 * The middle value, the mean of the two middle ones for an even count.
 *
 * @throws {RangeError} when there is no value.
 */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)];
  const lower = sorted[Math.floor((sorted.length - 1) / 2)];
  if (upper === undefined || lower === undefined) {
    throw new RangeError("cannot take a median: there is no value; expected at least one");
  }
  return (lower + upper) / 2;
}

/**
 * The nearest-rank percentile of values in ascending order: the smallest value that at least `quantile` (0 to 1) of
 * them do not exceed.
 *
 * @throws {RangeError} when there is no value.
 */
export function percentile(ascending: ArrayLike<number>, quantile: number): number {
  // Without the small tolerance, 0.999 * 1000 (which is 999.0000000000001 in floating point) would be rank 1000.
  const rank = Math.ceil(quantile * ascending.length - 1e-9);
  const value = ascending[Math.min(Math.max(rank, 1), ascending.length) - 1];
  if (value === undefined) {
    throw new RangeError("cannot take a percentile: there is no value; expected at least one");
  }
  return value;
}

/**
 * Median and spread.
 *
 * @throws {RangeError} when there is no value.
 */
export function summarize(values: readonly number[]): Summary {
  return { median: median(values), min: Math.min(...values), max: Math.max(...values) };
}

/**
 * Each round's value over the same round's base, so that what slows a whole round down does not count. A round in
 * which either is absent, or the base is zero, gives no ratio.
 */
export function roundRatios(
  values: readonly (number | undefined)[],
  base: readonly (number | undefined)[],
): number[] {
  return values.flatMap((value, round) => {
    const against = base[round];
    return value === undefined || against === undefined || against === 0 ? [] : [value / against];
  });
}
