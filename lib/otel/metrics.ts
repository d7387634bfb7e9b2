import { type Family, type Metric, METRICS } from "../metrics/mod.ts";
import type { Attributes, Meter, Observable, Observations } from "./api.ts";

/**
 * Gives the metrics of `/metrics`, by the same names, whenever the runtime exports, until disposed of. The API has no
 * histogram that is asked for its values, so one becomes three counters: `…_bucket`, `…_sum` and `…_count`.
 *
 * @param read the values of this moment; must not reject.
 */
export function exportMetrics(meter: Meter, read: () => Promise<readonly Family[]>): Disposable {
  const observables = new Map<string, Observable>();
  for (const metric of Object.values(METRICS)) {
    for (const [name, isCounter] of seriesOf(metric)) {
      const options = { description: metric.help, unit: unitOf(name) };
      observables.set(
        name,
        isCounter ? meter.createObservableCounter(name, options) : meter.createObservableGauge(name, options),
      );
    }
  }
  const observe = async (observations: Observations): Promise<void> => {
    for (const { name, value, attributes } of (await read()).flatMap(valuesOf)) {
      const observable = observables.get(name);
      if (observable !== undefined) observations.observe(observable, value, attributes);
    }
  };
  const all = [...observables.values()];
  meter.addBatchObservableCallback(observe, all);
  return { [Symbol.dispose]: (): void => meter.removeBatchObservableCallback(observe, all) };
}

function seriesOf({ name, type }: Metric): (readonly [name: string, isCounter: boolean])[] {
  if (type !== "histogram") return [[name, type === "counter"]];
  return ["bucket", "sum", "count"].map((part) => [`${name}_${part}`, true] as const);
}

/** One value of a series. */
export interface SeriesValue {
  readonly name: string;
  readonly value: number;
  readonly attributes: Attributes;
}

/** All values of a metric; a histogram's buckets are cumulative, with their upper bound in seconds as `le`. */
export function valuesOf({ metric, samples }: Family): SeriesValue[] {
  return samples.flatMap(({ labels, value }): SeriesValue[] => {
    const attributes = Object.fromEntries(metric.labels.map((label, at) => [label, labels[at] ?? ""]));
    if (typeof value === "number") return [{ name: metric.name, value, attributes }];
    let count = 0;
    const buckets = value.counts.map((inBucket, at): SeriesValue => {
      count += inBucket;
      const bound = value.bounds[at];
      const le = bound === undefined ? "+Inf" : String(bound / 1000);
      return { name: `${metric.name}_bucket`, value: count, attributes: { ...attributes, le } };
    });
    return [
      ...buckets,
      { name: `${metric.name}_sum`, value: value.sum / 1000, attributes },
      { name: `${metric.name}_count`, value: count, attributes },
    ];
  });
}

function unitOf(name: string): string {
  if (/_seconds(_total|_sum)?$/.test(name)) return "s";
  return /_bytes(_total)?$/.test(name) ? "By" : "1";
}
