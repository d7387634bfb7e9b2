import { assert, assertEquals } from "@std/assert";
import { type Family, METRICS } from "../../lib/metrics/mod.ts";
import { MetricsExport, valuesOf } from "../../lib/otel/mod.ts";

const HISTOGRAM: Family = {
  metric: METRICS.dialSeconds,
  samples: [{ labels: ["web"], value: { bounds: [5, 10], counts: [3, 0, 2], sum: 250, max: 200 } }],
};

Deno.test("valuesOf: a number has the metric's labels", () => {
  const family = { metric: METRICS.bytes, samples: [{ labels: ["web", "up"], value: 5 }] };
  assertEquals(valuesOf(family), [{
    name: "tcpproxy_bytes_total",
    value: 5,
    attributes: { app: "web", direction: "up" },
  }]);
});

Deno.test("valuesOf: a histogram is cumulative buckets, a sum in seconds and a count", () => {
  assertEquals(valuesOf(HISTOGRAM).map(({ name, value, attributes }) => [name, value, attributes.le]), [
    ["tcpproxy_dial_seconds_bucket", 3, "0.005"],
    ["tcpproxy_dial_seconds_bucket", 3, "0.01"],
    ["tcpproxy_dial_seconds_bucket", 5, "+Inf"],
    ["tcpproxy_dial_seconds_sum", 0.25, undefined],
    ["tcpproxy_dial_seconds_count", 5, undefined],
  ]);
});

Deno.test("MetricsExport: counters grow by what they have grown, gauges are set, and 0 is seen", () => {
  const created: string[] = [];
  const reported: string[] = [];
  const create = (kind: string) => (name: string, { unit }: { unit: string }) => {
    created.push(`${kind} ${name} ${unit}`);
    const tell = (value: number): void => void reported.push(`${name} ${value}`);
    return { add: tell, record: tell };
  };
  const metrics = new MetricsExport({ createCounter: create("counter"), createGauge: create("gauge") });
  for (
    const series of [
      "counter tcpproxy_bytes_total By",
      "counter tcpproxy_dial_seconds_bucket 1",
      "counter tcpproxy_dial_seconds_sum s",
      "gauge tcpproxy_target_up 1",
      "gauge tcpproxy_build_info 1",
    ]
  ) assert(created.includes(series), series);
  const update = (bytes: number, active: number): string[] => {
    reported.length = 0;
    metrics.update([
      { metric: METRICS.bytes, samples: [{ labels: ["web", "up"], value: bytes }] },
      { metric: METRICS.active, samples: [{ labels: ["web"], value: active }] },
    ]);
    return [...reported];
  };
  const [bytes, active] = ["tcpproxy_bytes_total", "tcpproxy_connections_active"];
  assertEquals(update(0, 2), [`${bytes} 0`, `${active} 2`]);
  assertEquals(update(5, 1), [`${bytes} 5`, `${active} 1`]);
  assertEquals(update(5, 0), [`${active} 0`]);
  assertEquals(update(7, 0), [`${bytes} 2`, `${active} 0`]);
  // Forgotten, and counted anew.
  assertEquals(update(3, 0), [`${bytes} 3`, `${active} 0`]);
});
