import { countOf, type HistogramSnapshot, quantile } from "./histogram.ts";

/** A summary of a histogram, in milliseconds. */
export interface Spread {
  readonly count: number;
  readonly mean: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
}

/** Sums up a histogram, with quantiles estimated from its buckets; `undefined` without values. */
export function spreadOf(histogram: HistogramSnapshot): Spread | undefined {
  const count = countOf(histogram);
  if (count === 0) return undefined;
  return {
    count,
    mean: histogram.sum / count,
    p50: quantile(histogram, 0.5),
    p90: quantile(histogram, 0.9),
    p99: quantile(histogram, 0.99),
  };
}
