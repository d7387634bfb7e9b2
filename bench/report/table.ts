import type { Metric } from "../measure.ts";
import type { CurveResult, MeasureResult, MetricResult, Results, Row } from "./results.ts";

const NO_VALUE = "–";

/** Formats with so many digits after the point and a comma between thousands. */
export function formatNumber(value: number, digits: number): string {
  return value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** A Markdown table; the first column is text, the others are numbers and stand to the right. */
export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const marks = head.map((_, column) => column === 0 ? "---" : "---:");
  return [head, marks, ...rows].map((cells) => `| ${cells.map(escapeCell).join(" | ")} |`).join("\n");
}

/** The table for the README: a line a peer, the headline figures with their ratio to the base peer. */
export function summaryTable(results: Results): string {
  const columns = results.measures.flatMap((measure) =>
    measure.metrics.filter((metric) => metric.headline).map((metric) => ({ measure, metric }))
  );
  const peers = new Map(results.measures.flatMap(({ rows }) => rows.map((row) => [row.peer, row.title])));
  // A measure that not every peer takes part in does not name them in their order; the versions do.
  const order = Object.keys(results.versions);
  const inOrder = [...peers].toSorted(([a], [b]) => order.indexOf(a) - order.indexOf(b));
  const head = ["", ...columns.map(({ metric }) => `${metric.title}, ${metric.unit} ${arrow(metric)}`)];
  const lines = inOrder.map(([peer, title]) => [
    title,
    ...columns.map(({ measure, metric }) => {
      const row = measure.rows.find((each) => each.peer === peer);
      return summaryCell(row, metric);
    }),
  ]);
  return markdownTable(head, lines);
}

/** All figures of one measure: median, spread and ratio. */
export function measureTable(measure: MeasureResult): string {
  const head = [
    measure.title,
    ...measure.metrics.flatMap((metric) => [
      `${metric.title}, ${metric.unit} ${arrow(metric)}`,
      "min to max",
      "ratio",
      "min to max",
    ]),
  ];
  const rows = measure.rows.map((row) => [
    row.note === undefined ? row.title : `${row.title}: ${row.note}`,
    ...measure.metrics.flatMap((metric) => measureCells(row.metrics[metric.id], metric.digits)),
  ]);
  return markdownTable(head, rows);
}

/** The points of a curve, a line of the table for each. */
export function curveTable(curve: CurveResult): string {
  const sizes = [...new Set(curve.lines.flatMap((line) => line.points.map(([x]) => x)))].toSorted((a, b) =>
    a - b
  );
  const head = [
    `${curve.title}: ${curve.yTitle}`,
    ...sizes.map((size) => formatNumber(size, 0)),
    "each more, early",
    "each more, late",
  ];
  const rows = curve.lines.map((line) => {
    const byX = new Map(line.points);
    const [early, late] = slopes(line.points);
    return [
      line.note === undefined ? line.name : `${line.name}: ${line.note}`,
      ...sizes.map((size) => format(byX.get(size), curve.digits)),
      format(early, curve.digits + 3),
      format(late, curve.digits + 3),
    ];
  });
  return markdownTable(head, rows);
}

/**
 * What one more of the size costs before and after the last but one point; a line that grows no worse than linearly
 * has a second slope that is not above the first by more than the noise. `undefined` with less than three points.
 */
export function slopes(
  points: readonly (readonly [number, number])[],
): [early: number | undefined, late: number | undefined] {
  const [first, middle, last] = [points[0], points.at(-2), points.at(-1)];
  if (points.length < 3 || first === undefined || middle === undefined || last === undefined) {
    return [undefined, undefined];
  }
  const slope = (a: readonly [number, number], b: readonly [number, number]): number =>
    (b[1] - a[1]) / (b[0] - a[0]);
  return [slope(first, middle), slope(middle, last)];
}

/** The whole report in Markdown. */
export function report(results: Results): string {
  const { machine, measures, curves, settings, versions } = results;
  const parts = [
    `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGb} GiB, ${machine.kernel}. ` +
    `${settings.rounds} rounds of ${settings.seconds} s, proxy threads: ${settings.threads}. ` +
    `Medians; in parentheses the ratio to HAProxy within a round.`,
  ];
  if (machine.othersShare !== undefined && machine.stolenShare !== undefined) {
    parts.push(
      `During the run other programs took ${percent(machine.othersShare)} of the CPU time, ` +
        `the hypervisor ${percent(machine.stolenShare)}.`,
    );
  }
  const hasSummary = measures.some(({ metrics }) => metrics.some(({ headline }) => headline));
  if (hasSummary) parts.push(summaryTable(results));
  parts.push(...measures.map(measureTable));
  parts.push(...curves.map(curveTable));
  parts.push(Object.entries(versions).map(([peer, version]) => `- ${peer}: ${version}`).join("\n"));
  return `${parts.join("\n\n")}\n`;
}

function summaryCell(row: Row | undefined, metric: Metric): string {
  const result = row?.metrics[metric.id];
  if (result === undefined) return row?.note === undefined ? NO_VALUE : shortNote(row.note);
  const ratio = result.ratio === undefined ? "" : ` (${formatNumber(result.ratio.median, 2)})`;
  return `${formatNumber(result.median, metric.digits)}${ratio}`;
}

/** A note in two words at most, where there is room for no more. */
export function shortNote(note: string): string {
  return note.split(/[,:(]/)[0]?.trim() ?? "";
}

function measureCells(result: MetricResult | undefined, digits: number): string[] {
  if (result === undefined) return [NO_VALUE, NO_VALUE, NO_VALUE, NO_VALUE];
  const { ratio } = result;
  return [
    formatNumber(result.median, digits),
    `${formatNumber(result.min, digits)} to ${formatNumber(result.max, digits)}`,
    ratio === undefined ? NO_VALUE : formatNumber(ratio.median, 2),
    ratio === undefined ? NO_VALUE : `${formatNumber(ratio.min, 2)} to ${formatNumber(ratio.max, 2)}`,
  ];
}

function format(value: number | undefined, digits: number): string {
  return value === undefined ? NO_VALUE : formatNumber(value, digits);
}

function arrow(metric: Metric): string {
  return metric.better === "higher" ? "↑" : "↓";
}

function percent(share: number): string {
  return `${formatNumber(share * 100, 1)} %`;
}

function escapeCell(text: string): string {
  return text.replaceAll("|", "\\|").replace(/\s+/g, " ");
}
