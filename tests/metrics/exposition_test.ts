import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import { escapeQuoted, exposition, type Family, type Metric, METRICS } from "../../lib/metrics/mod.ts";

const METRIC: Metric = { name: "x_total", type: "counter", help: 'a "b" \\ c\nd', labels: ["app", "target"] };
const HISTOGRAM: Metric = { name: "wait_seconds", type: "histogram", help: "Waits.", labels: ["app"] };
const INFO: Metric = { name: "build_info", type: "info", help: "Version.", labels: ["version"] };

const FAMILIES: readonly Family[] = [
  { metric: METRIC, samples: [{ labels: ["a", "b"], value: 3 }, { labels: ['q"', "\\\n"], value: 1e21 }] },
  {
    metric: HISTOGRAM,
    samples: [{ labels: ["a"], value: { bounds: [500, 1000], counts: [1, 2, 3], sum: 7500, max: 2000 } }],
  },
  { metric: INFO, samples: [{ labels: ["1.2"], value: 1 }] },
  { metric: { ...METRIC, name: "none_total" }, samples: [] },
];

Deno.test("exposition: in Prometheus' own format", () => {
  assertEquals(
    exposition(FAMILIES, "text"),
    `# HELP x_total a "b" \\\\ c\\nd
# TYPE x_total counter
x_total{app="a",target="b"} 3
x_total{app="q\\"",target="\\\\\\n"} 1e+21
# HELP wait_seconds Waits.
# TYPE wait_seconds histogram
wait_seconds_bucket{app="a",le="0.5"} 1
wait_seconds_bucket{app="a",le="1"} 3
wait_seconds_bucket{app="a",le="+Inf"} 6
wait_seconds_sum{app="a"} 7.5
wait_seconds_count{app="a"} 6
# HELP build_info Version.
# TYPE build_info gauge
build_info{version="1.2"} 1
`,
  );
});

Deno.test("exposition: in OpenMetrics", () => {
  assertEquals(
    exposition(FAMILIES, "openmetrics"),
    `# HELP x a \\"b\\" \\\\ c\\nd
# TYPE x counter
x_total{app="a",target="b"} 3
x_total{app="q\\"",target="\\\\\\n"} 1e+21
# HELP wait_seconds Waits.
# TYPE wait_seconds histogram
# UNIT wait_seconds seconds
wait_seconds_bucket{app="a",le="0.5"} 1
wait_seconds_bucket{app="a",le="1.0"} 3
wait_seconds_bucket{app="a",le="+Inf"} 6
wait_seconds_sum{app="a"} 7.5
wait_seconds_count{app="a"} 6
# HELP build Version.
# TYPE build info
build_info{version="1.2"} 1
# EOF
`,
  );
});

Deno.test("escapeQuoted: what it makes of any text can be read back, and stands on one line", () => {
  fc.assert(fc.property(fc.string({ unit: fc.constantFrom("\\", '"', "\n", "n", "a", "é") }), (text) => {
    const escaped = escapeQuoted(text);
    assert(!escaped.includes("\n"));
    const read = escaped.replaceAll(/\\(.)/g, (_, character) => character === "n" ? "\n" : character);
    assertEquals(read, text);
  }));
});

Deno.test("METRICS: names, units and labels keep to the conventions of Prometheus", () => {
  const all: readonly Metric[] = Object.values(METRICS);
  assertEquals(new Set(all.map(({ name }) => name)).size, all.length);
  for (const { name, type, help, labels } of all) {
    assert(/^[a-z][a-z0-9_]*$/.test(name), name);
    assertEquals(name.endsWith("_total"), type === "counter", name);
    assertEquals(name.endsWith("_info"), type === "info", name);
    assert(/^\S.*\.$/.test(help), `${name}: ${help}`);
    for (const label of labels) assert(/^[a-z]+$/.test(label) && label !== "le", `${name}: ${label}`);
    if (type === "histogram") assertStringIncludes(name, "_seconds");
  }
});
