import { assert, assertEquals } from "@std/assert";
import type { Metric } from "../../bench/measure.ts";
import { type MeasureResult, mergeResults, type Results, toRows } from "../../bench/report/results.ts";

const METRIC: Metric = { id: "per_s", title: "requests", unit: "/s", better: "higher", digits: 0 };

Deno.test("toRows: the median of the rounds' ratios, not the ratio of the medians", () => {
  const rows = toRows([METRIC], [
    { peer: "a", title: "A", samples: [{ per_s: 10 }, { per_s: 90 }, { per_s: 40 }] },
    { peer: "base", title: "B", samples: [{ per_s: 20 }, { per_s: 30 }, { per_s: 40 }] },
  ], "base");
  assertEquals(rows[0]?.metrics.per_s, {
    median: 40,
    min: 10,
    max: 90,
    ratio: { median: 1, min: 0.5, max: 3 },
    rounds: [10, 90, 40],
  });
});

Deno.test("toRows: a peer that was never measured keeps its row and its note", () => {
  const rows = toRows([METRIC], [
    { peer: "gone", title: "Gone", samples: [undefined], note: "not installed" },
  ], "base");
  assertEquals(rows, [{ peer: "gone", title: "Gone", note: "not installed", metrics: {} }]);
});

Deno.test("toRows: without the base peer there are values and no ratios", () => {
  const row = toRows([METRIC], [{ peer: "a", title: "A", samples: [{ per_s: 3 }] }], "base")[0];
  assertEquals(row?.metrics.per_s, { median: 3, min: 3, max: 3, rounds: [3] });
});

Deno.test("mergeResults: what was measured again replaces, the rest is kept in its place", () => {
  const measure = (id: string, date: string): MeasureResult => ({
    id,
    date,
    title: id,
    metrics: [],
    rows: [],
  });
  const results = (measures: MeasureResult[], versions: Record<string, string>): Results => ({
    date: "now",
    machine: { cpu: "x", cores: 2, memoryGb: 1, kernel: "k" },
    versions,
    settings: {},
    measures,
    curves: [],
  });
  const earlier = results([measure("a", "1"), measure("b", "1")], { p: "1", q: "1" });
  const merged = mergeResults(earlier, results([measure("c", "2"), measure("a", "2")], { q: "2" }));
  assertEquals(merged.measures.map(({ id, date }) => id + date), ["a2", "b1", "c2"]);
  assertEquals(merged.versions, { p: "1", q: "2" });
});

Deno.test("mergeResults: without earlier results the new ones are all there is", () => {
  const now: Results = {
    date: "now",
    machine: { cpu: "x", cores: 2, memoryGb: 1, kernel: "k" },
    versions: {},
    settings: {},
    measures: [],
    curves: [],
  };
  assert(mergeResults(undefined, now) === now);
});
