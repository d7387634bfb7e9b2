import type { Metric, Sample } from "../measure.ts";
import type { Machine } from "../system/machine.ts";
import { roundRatios, summarize, type Summary } from "./stats.ts";

/** All rounds of one metric of one peer. */
export interface MetricResult extends Summary {
  /** Value over that of the base peer in the same round; absent for the base's own want of a value. */
  readonly ratio?: Summary;
  readonly rounds: readonly number[];
}

/** One peer's line in a measure. */
export interface Row {
  readonly peer: string;
  readonly title: string;
  /** Why there are no figures: not installed, or what failed. */
  readonly note?: string;
  readonly metrics: Readonly<Record<string, MetricResult>>;
}

/** One measure of all peers. */
export interface MeasureResult {
  readonly id: string;
  readonly title: string;
  readonly date: string;
  readonly metrics: readonly Metric[];
  readonly rows: readonly Row[];
}

/** One line of a plot: a figure against a size. */
export interface CurveLine {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
  /** Why it ends early, or has no point. */
  readonly note?: string;
}

/** How one figure grows with one size. */
export interface CurveResult {
  readonly id: string;
  readonly title: string;
  readonly date: string;
  readonly xTitle: string;
  readonly yTitle: string;
  readonly digits: number;
  readonly lines: readonly CurveLine[];
}

/** What is written to `results.json`. */
export interface Results {
  readonly date: string;
  readonly machine: Machine;
  readonly versions: Readonly<Record<string, string>>;
  readonly settings: Readonly<Record<string, number>>;
  readonly measures: readonly MeasureResult[];
  readonly curves: readonly CurveResult[];
}

/** One peer's samples, `undefined` for a round in which it gave none. */
export interface PeerSamples {
  readonly peer: string;
  readonly title: string;
  readonly samples: readonly (Sample | undefined)[];
  readonly note?: string;
}

/** Medians, spreads and ratios of one measure. */
export function toRows(metrics: readonly Metric[], peers: readonly PeerSamples[], base: string): Row[] {
  const baseSamples = peers.find((each) => each.peer === base)?.samples ?? [];
  return peers.map(({ peer, title, samples, note }) => {
    const results = metrics.flatMap(({ id }): [string, MetricResult][] => {
      const values = samples.map((sample) => sample?.[id]);
      const rounds = values.filter((value) => value !== undefined);
      if (rounds.length === 0) return [];
      const ratios = roundRatios(values, baseSamples.map((sample) => sample?.[id]));
      const ratio = ratios.length === 0 ? {} : { ratio: summarize(ratios) };
      return [[id, { ...summarize(rounds), ...ratio, rounds }]];
    });
    return { peer, title, ...(note === undefined ? {} : { note }), metrics: Object.fromEntries(results) };
  });
}

/** New results over earlier ones: what was measured again replaces, what was not is kept with its own date. */
export function mergeResults(earlier: Results | undefined, now: Results): Results {
  if (earlier === undefined) return now;
  return {
    ...now,
    versions: { ...earlier.versions, ...now.versions },
    measures: mergeById(earlier.measures, now.measures),
    curves: mergeById(earlier.curves, now.curves),
  };
}

function mergeById<T extends { readonly id: string }>(earlier: readonly T[], now: readonly T[]): T[] {
  const replaced = earlier.map((old) => now.find((each) => each.id === old.id) ?? old);
  return [...replaced, ...now.filter((each) => !earlier.some((old) => old.id === each.id))];
}
