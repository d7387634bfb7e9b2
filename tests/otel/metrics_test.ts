import { assert, assertEquals } from "@std/assert";
import { type Family, METRICS } from "../../lib/metrics/mod.ts";
import { exportMetrics, type Meter, valuesOf } from "../../lib/otel/mod.ts";

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

Deno.test("exportMetrics: every metric is asked for at once, until it is over", async () => {
  const created: string[] = [];
  const callbacks = new Set<Parameters<Meter["addBatchObservableCallback"]>[0]>();
  const create = (kind: string) => (name: string, { unit }: { unit: string }): object => {
    created.push(`${kind} ${name} ${unit}`);
    return { name };
  };
  const meter: Meter = {
    createObservableCounter: create("counter"),
    createObservableGauge: create("gauge"),
    addBatchObservableCallback: (callback) => void callbacks.add(callback),
    removeBatchObservableCallback: (callback) => void callbacks.delete(callback),
  };
  let reads = 0;
  {
    using _exports = exportMetrics(meter, () => Promise.resolve((reads++, [HISTOGRAM])));
    for (
      const series of [
        "counter tcpproxy_bytes_total By",
        "counter tcpproxy_dial_seconds_bucket 1",
        "counter tcpproxy_dial_seconds_sum s",
        "gauge tcpproxy_target_up 1",
        "gauge tcpproxy_build_info 1",
      ]
    ) assert(created.includes(series), series);
    const observed: [object, number][] = [];
    for (const callback of callbacks) {
      await callback({ observe: (metric, value) => void observed.push([metric, value]) });
    }
    assertEquals(reads, 1);
    assertEquals(observed.length, 5);
    assertEquals(observed.at(-1), [{ name: "tcpproxy_dial_seconds_count" }, 5]);
  }
  assertEquals(callbacks.size, 0);
});
