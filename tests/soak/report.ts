import { lineChart, type LinePlot } from "../../bench/report/svg.ts";
import type { Histogram } from "./histogram.ts";
import type { Sample } from "./samples.ts";
import type { SoakReport } from "./soak.ts";

/** Where and when it ran. */
export interface Circumstances {
  readonly machine: string;
  readonly date: string;
  readonly version: string;
}

/** The report as Markdown, without plots. */
export function reportText(report: SoakReport, { machine, date, version }: Circumstances): string {
  const { options, samples, tallies, latency } = report;
  const verified = tallies.reduce((sum, each) => sum + each.verifiedBytes, 0);
  const failed = tallies.reduce((sum, each) => sum + each.failed, 0);
  const minutes = report.seconds / 60;
  const fifth = samples.slice(Math.floor(samples.length / 5));
  const rss = fifth.map(({ rssMib }) => rssMib);
  const cpu = samples.reduce((sum, each) => sum + each.cpu, 0) / Math.max(1, samples.length);
  const rows: [string, string][] = [
    ["engine", options.engine],
    ["length", minutes >= 1 ? `${minutes.toFixed(0)} min` : `${report.seconds.toFixed(0)} s`],
    [
      "connections (opened, accepted, ended, log lines)",
      [
        report.connections,
        report.accepted,
        report.ended,
        report.logged,
      ].map(grouped).join(", "),
    ],
    ["sessions left at the end", String(report.active)],
    ["data received and compared", `${(verified / 1e9).toFixed(2)} GB`],
    ["visits that failed", String(failed)],
    ["reloads, restarts of a target", `${report.reloads}, ${report.restarts}`],
    ["latency of a short request (median, p99, longest)", quantiles(latency.proxied)],
    ["the same without the proxy", quantiles(latency.direct)],
    ["resident memory after the first fifth (least, most)", `${least(rss)} to ${most(rss)} MiB`],
    ["CPU of the proxy, on average", `${cpu.toFixed(1)} % of a core`],
    ["faults found", report.faults.length === 0 ? "none" : report.faults.join("; ")],
  ];
  const kinds = tallies.map(({ name, visits, failed, verifiedBytes }) =>
    `| ${name} | ${grouped(visits)} | ${failed} | ${(verifiedBytes / 1e6).toFixed(1)} |`
  );
  return `${date}, ${machine}, ${version}.

| | |
| --- | --- |
${rows.map(([name, value]) => `| ${name} | ${value} |`).join("\n")}

| clients | visits | failed | MB compared |
| --- | --- | --- | --- |
${kinds.join("\n")}
`;
}

/** The plots, by file name. */
export function reportPlots({ options, samples }: SoakReport): Map<string, string> {
  const { engine } = options;
  const line = (name: string, value: (sample: Sample) => number): LinePlot["lines"][number] => ({
    name,
    points: samples.map((sample) => [sample.atS / 60, value(sample)] as const),
  });
  const plot = (
    title: string,
    yTitle: string,
    ...lines: readonly LinePlot["lines"][number][]
  ): string =>
    lineChart({ title: `Soak, engine ${engine}: ${title}`, xTitle: "minutes", yTitle, lines, dots: false });
  return new Map([
    [`soak-${engine}-memory.svg`, plot("memory", "MiB", line("resident", (each) => each.rssMib))],
    [
      `soak-${engine}-descriptors.svg`,
      plot(
        "descriptors and sessions",
        "open",
        line("descriptors", (each) => each.descriptors),
        line("sessions", (each) => each.sessions),
      ),
    ],
    [
      `soak-${engine}-latency.svg`,
      plot(
        "latency of short requests",
        "ms",
        line("p99", (each) => each.p99Ms),
        line("p99 without the proxy", (each) => each.directP99Ms),
        line("median", (each) => each.p50Ms),
      ),
    ],
    [
      `soak-${engine}-loop.svg`,
      plot("event-loop delay, 99th percentile", "ms", line("slowest thread", (each) => each.loopDelayMs)),
    ],
    [
      `soak-${engine}-cpu.svg`,
      plot(
        "CPU",
        "% of a core",
        line("proxy", (each) => each.cpu),
        line("clients, targets", (each) => each.ownCpu),
      ),
    ],
  ]);
}

function quantiles(times: Histogram): string {
  return [times.quantile(0.5), times.quantile(0.99), times.max].map((ms) => `${ms.toFixed(1)} ms`).join(", ");
}

function least(values: readonly number[]): string {
  return Math.min(...values).toFixed(0);
}

function most(values: readonly number[]): string {
  return Math.max(...values).toFixed(0);
}

function grouped(value: number): string {
  return value.toLocaleString("en-US");
}
