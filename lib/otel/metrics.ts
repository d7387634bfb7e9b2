import { type Family, type Metric, METRICS } from "../metrics/mod.ts";
import type { Attributes, Counter, Gauge, Meter } from "./api.ts";

/** Sets a series to its value of this moment. */
type Setter = (value: number, attributes: Attributes) => void;

/**
 * Hands the metrics of `/metrics` to the exporter, by the same names. The API has no histogram that can be set, so one
 * becomes three counters: `…_bucket`, `…_sum` and `…_count`.
 */
export class MetricsExport {
  readonly #setters = new Map<string, Setter>();

  constructor(meter: Meter) {
    for (const metric of Object.values(METRICS)) {
      for (const [name, isCounter] of seriesOf(metric)) {
        const options = { description: metric.help, unit: unitOf(name) };
        this.#setters.set(
          name,
          isCounter
            ? counterSetter(meter.createCounter(name, options))
            : gaugeSetter(meter.createGauge(name, options)),
        );
      }
    }
  }

  /** Sets every metric to its value of this moment. */
  update(families: readonly Family[]): void {
    for (const { name, value, attributes } of families.flatMap(valuesOf)) {
      this.#setters.get(name)?.(value, attributes);
    }
  }
}

/** Adds the growth of a counter since the last time. */
function counterSetter(counter: Counter): Setter {
  const last = new Map<string, number>();
  return (value, attributes) => {
    const key = JSON.stringify(attributes);
    const before = last.get(key);
    last.set(key, value);
    // One that was forgotten meanwhile begins anew; one of 0 is to be seen, too.
    const increase = before === undefined || value < before ? value : value - before;
    if (increase > 0 || before === undefined) counter.add(increase, attributes);
  };
}

function gaugeSetter(gauge: Gauge): Setter {
  return (value, attributes) => gauge.record(value, attributes);
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
