import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import { plots } from "../../bench/report/plots.ts";
import type { Results } from "../../bench/report/results.ts";
import { barChart, lineChart, niceScale } from "../../bench/report/svg.ts";
import {
  curveTable,
  formatNumber,
  markdownTable,
  report,
  shortNote,
  slopes,
  summaryTable,
} from "../../bench/report/table.ts";

const RESULTS: Results = {
  date: "2026-01-01",
  machine: { cpu: "Some CPU", cores: 2, memoryGb: 24, kernel: "Linux 6", othersShare: 0.1, stolenShare: 0 },
  versions: { haproxy: "HAProxy 2" },
  settings: { rounds: 3, seconds: 2, threads: 1 },
  measures: [{
    id: "requests",
    title: "Requests",
    date: "2026-01-01",
    metrics: [
      { id: "per_s", title: "requests", unit: "/s", better: "higher", digits: 0, headline: true },
      { id: "cpu_us", title: "CPU", unit: "µs", better: "lower", digits: 1 },
    ],
    rows: [
      {
        peer: "tcpproxy",
        title: "tcpproxy",
        metrics: {
          per_s: {
            median: 45678,
            min: 40000,
            max: 50000,
            ratio: { median: 0.914, min: 0.8, max: 1 },
            rounds: [],
          },
        },
      },
      { peer: "socat", title: "socat", note: "not installed (get it)", metrics: {} },
      { peer: "node", title: "Node.js", note: "failed: it ended: a|b", metrics: {} },
    ],
  }],
  curves: [{
    id: "pick_curve",
    title: "Time to pick",
    date: "2026-01-01",
    xTitle: "targets",
    yTitle: "ns",
    digits: 0,
    lines: [{ name: "random", points: [[1, 50], [100, 60], [1000, 70]] }],
  }],
};

Deno.test("formatNumber: commas between thousands, so many digits after the point", () => {
  assertEquals([formatNumber(1234567.891, 1), formatNumber(0.5, 2)], ["1,234,567.9", "0.50"]);
});

Deno.test("markdownTable: a bar in a cell does not end the cell", () => {
  assertEquals(markdownTable(["a", "b"], [["x|y", "1\n2"]]), "| a | b |\n| --- | ---: |\n| x\\|y | 1 2 |");
});

Deno.test("summaryTable: a line a peer, also for what is not installed or failed", () => {
  assertEquals(summaryTable(RESULTS).split("\n").slice(2), [
    "| tcpproxy | 45,678 (0.91) |",
    "| socat | not installed |",
    "| Node.js | failed |",
  ]);
});

Deno.test("shortNote: not installed, not measured and failed stay apart", () => {
  const notes = [
    "not installed (get it)",
    'not measured, "wrk" is not installed (get it)',
    "failed: it ended",
  ];
  assertEquals(notes.map(shortNote), ["not installed", "not measured", "failed"]);
});

Deno.test("report: names machine, noise, versions and the reason of a failure", () => {
  const text = report(RESULTS);
  for (const part of ["Some CPU", "10.0 %", "haproxy: HAProxy 2", "failed: it ended: a\\|b"]) {
    assertStringIncludes(text, part);
  }
});

Deno.test("curveTable: a point a column, and what one more costs early and late", () => {
  const tables = RESULTS.curves.map(curveTable);
  assertEquals(tables[0]?.split("\n")[2], "| random | 50 | 60 | 70 | 0.101 | 0.011 |");
});

Deno.test("slopes: two points are too few", () => {
  assertEquals(slopes([[1, 1], [2, 2]]), [undefined, undefined]);
});

Deno.test("plots: one file for each measure and each curve", () => {
  assertEquals([...plots(RESULTS).keys()], ["requests.svg", "pick_curve.svg"]);
});

Deno.test("barChart: names are escaped and a bar without value shows its note", () => {
  const svg = barChart("A & B", [{
    title: "t",
    bars: [{ label: "<x>", note: "not installed", strong: false }],
  }]);
  assertStringIncludes(svg, "A &#38; B");
  assertStringIncludes(svg, "&#60;x&#62;");
  assertStringIncludes(svg, "not installed");
  assert(!svg.includes("<rect"));
});

Deno.test("lineChart: every point is drawn, no coordinate is lost", () => {
  const svg = lineChart({
    title: "t",
    xTitle: "x",
    yTitle: "y",
    lines: [{ name: "a", points: [[0, 0], [8000, 0]] }, { name: "b", points: [[1, 200]] }],
  });
  assertEquals(svg.match(/<circle/g)?.length, 3);
  assert(!svg.includes("NaN"));
});

Deno.test("niceScale: reaches the largest value with a handful of even steps from zero", () => {
  fc.assert(fc.property(fc.double({ min: 1e-3, max: 1e9, noNaN: true }), (max) => {
    const { end, ticks } = niceScale(max);
    return end >= max * (1 - 1e-9) && end <= max * 2 && ticks[0] === 0 && ticks.length >= 3 &&
      ticks.length <= 11;
  }));
});

Deno.test("niceScale: nothing measured is no reason to divide by zero", () => {
  assertEquals(niceScale(0), { end: 1, ticks: [0, 1] });
});
