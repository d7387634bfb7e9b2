/**
 * The text formats that Prometheus reads: its own, version 0.0.4
 * (https://prometheus.io/docs/instrumenting/exposition_formats/), and OpenMetrics 1.0
 * (https://prometheus.io/docs/specs/om/open_metrics_spec/).
 *
 * @module
 */
import type { HistogramSnapshot } from "./histogram.ts";
import type { Metric } from "./metric.ts";

/** The values of a metric. */
export interface Family {
  readonly metric: Metric;
  readonly samples: readonly Sample[];
}

export interface Sample {
  /** The values of the metric's labels, in their order. */
  readonly labels: readonly string[];
  /** A histogram, in milliseconds, for a metric of that type; it is shown in seconds. */
  readonly value: number | HistogramSnapshot;
}

/** The formats, each with its media type. */
export const MEDIA_TYPES = {
  text: "text/plain; version=0.0.4; charset=utf-8",
  openmetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8",
} as const;

export type ExpositionFormat = keyof typeof MEDIA_TYPES;

/** Writes metrics as text. Those without a sample are left out. */
export function exposition(families: readonly Family[], format: ExpositionFormat): string {
  const lines: string[] = [];
  for (const family of families) if (family.samples.length > 0) addFamily(lines, family, format);
  if (format === "openmetrics") lines.push("# EOF");
  return `${lines.join("\n")}\n`;
}

function addFamily(lines: string[], { metric, samples }: Family, format: ExpositionFormat): void {
  const { name, type, help } = metric;
  const isOpen = format === "openmetrics";
  // OpenMetrics names a family without the suffix of its samples.
  const family = isOpen
    ? name.replace(type === "counter" ? /_total$/ : type === "info" ? /_info$/ : /$/, "")
    : name;
  lines.push(`# HELP ${family} ${isOpen ? escapeQuoted(help) : escapeHelp(help)}`);
  lines.push(`# TYPE ${family} ${type === "info" && !isOpen ? "gauge" : type}`);
  const unit = /_(seconds|bytes)$/.exec(family)?.[1];
  if (isOpen && unit !== undefined) lines.push(`# UNIT ${family} ${unit}`);
  for (const { labels, value } of samples) {
    const pairs = metric.labels.map((label, at) => `${label}="${escapeQuoted(labels[at] ?? "")}"`);
    if (typeof value === "number") lines.push(`${name}${braced(pairs)} ${formatNumber(value)}`);
    else addHistogram(lines, name, { pairs, value, isOpen });
  }
}

function addHistogram(
  lines: string[],
  name: string,
  { pairs, value, isOpen }: { pairs: readonly string[]; value: HistogramSnapshot; isOpen: boolean },
): void {
  let below = 0;
  for (const [bucket, count] of value.counts.entries()) {
    below += count;
    const bound = (value.bounds[bucket] ?? Infinity) / 1000;
    // OpenMetrics asks for a point in bounds, so that one number has one text.
    const text = isOpen && Number.isInteger(bound) ? `${bound}.0` : formatNumber(bound);
    lines.push(`${name}_bucket${braced([...pairs, `le="${text}"`])} ${below}`);
  }
  lines.push(`${name}_sum${braced(pairs)} ${formatNumber(value.sum / 1000)}`);
  lines.push(`${name}_count${braced(pairs)} ${below}`);
}

function braced(pairs: readonly string[]): string {
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

/** Writes a number as both formats read it. */
export function formatNumber(value: number): string {
  if (value === Infinity) return "+Inf";
  return value === -Infinity ? "-Inf" : String(value);
}

const ESCAPES: Readonly<Record<string, string>> = { "\\": "\\\\", '"': '\\"', "\n": "\\n" };

/** Escapes the value of a label. */
export function escapeQuoted(text: string): string {
  return text.replaceAll(/[\\"\n]/g, (character) => ESCAPES[character] ?? character);
}

function escapeHelp(text: string): string {
  return text.replaceAll(/[\\\n]/g, (character) => ESCAPES[character] ?? character);
}
