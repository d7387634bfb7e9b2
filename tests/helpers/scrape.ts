/** One series of a scrape. */
export interface ScrapedSeries {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** What `GET /metrics` returned (Prometheus' text format 0.0.4). */
export class Scrape {
  readonly series: readonly ScrapedSeries[];

  constructor(text: string) {
    this.series = text.split("\n").flatMap((line) => {
      const match = /^([a-z_]+)(?:\{(.*)\})? (\S+)$/.exec(line);
      if (match === null) return [];
      const [, name = "", labels = "", value] = match;
      const pairs = [...labels.matchAll(/([a-z_]+)="((?:[^"\\]|\\.)*)"/g)];
      return [{
        name,
        labels: Object.fromEntries(pairs.map(([, key, text]) => [key, text])),
        value: Number(value),
      }];
    });
  }

  /** Adds up all series of a name that have these labels. */
  sum(name: string, labels: Readonly<Record<string, string>> = {}): number {
    return this.series
      .filter((each) => each.name === name && Object.entries(labels).every(([k, v]) => each.labels[k] === v))
      .reduce((sum, { value }) => sum + value, 0);
  }

  /** Counts of a histogram by upper bound, cumulative, for each value of a label. */
  buckets(name: string, label: string): Map<string, Map<number, number>> {
    const result = new Map<string, Map<number, number>>();
    for (const { name: found, labels, value } of this.series) {
      if (found !== `${name}_bucket`) continue;
      const key = labels[label] ?? "";
      const counts = result.get(key) ?? new Map<number, number>();
      counts.set(Number((labels["le"] ?? "").replace("+Inf", "Infinity")), value);
      result.set(key, counts);
    }
    return result;
  }
}
