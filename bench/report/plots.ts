import { BASE_PEER } from "../peers/mod.ts";
import type { CurveResult, MeasureResult, Results, Row } from "./results.ts";
import type { Metric } from "../measure.ts";
import { barChart, lineChart } from "./svg.ts";
import { formatNumber, shortNote } from "./table.ts";

/** File names and SVG texts: one plot for each measure and each curve. */
export function plots(results: Results): Map<string, string> {
  return new Map([
    ...results.measures.map((measure): [string, string] => [`${measure.id}.svg`, measurePlot(measure)]),
    ...results.curves.map((curve): [string, string] => [`${curve.id}.svg`, curvePlot(curve)]),
  ]);
}

function measurePlot(measure: MeasureResult): string {
  return barChart(
    measure.title,
    measure.metrics.map((metric) => ({
      title: `${metric.title}, ${metric.unit} (${metric.better} is better)`,
      bars: measure.rows.map((row) => bar(row, metric)),
    })),
  );
}

function bar(row: Row, metric: Metric): Parameters<typeof barChart>[1][number]["bars"][number] {
  const result = row.metrics[metric.id];
  const strong = row.peer.startsWith("tcpproxy");
  const label = row.title;
  if (result === undefined) {
    return { label, strong, note: row.note === undefined ? "–" : shortNote(row.note) };
  }
  const { median: value, min, max, ratio } = result;
  const versus = ratio === undefined || row.peer === BASE_PEER ? "" : ` (${formatNumber(ratio.median, 2)})`;
  return { label, strong, value, min, max, note: `${formatNumber(value, metric.digits)}${versus}` };
}

function curvePlot(curve: CurveResult): string {
  const lines = curve.lines.filter((line) => line.points.length > 0);
  return lineChart({ title: curve.title, xTitle: curve.xTitle, yTitle: curve.yTitle, lines });
}
