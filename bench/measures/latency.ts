import { runOpenLoop } from "../load/open_loop.ts";
import type { Measure, Metric, Sample, Subject } from "../measure.ts";

/** Kept connections that the requests are spread over. */
const CONNECTIONS = 32;

/** Latency of small requests that fall due at a fixed rate. */
export const latency: Measure = {
  id: "latency",
  title: "Latency of requests at a fixed rate",
  needs: ["nginx"],
  metrics: [
    percentileMetric("p50_us", "p50", false),
    percentileMetric("p99_us", "p99", true),
    percentileMetric("p999_us", "p99.9", false),
  ],
  run,
};

function percentileMetric(id: string, title: string, headline: boolean): Metric {
  return { id, title: `latency ${title}`, unit: "µs", better: "lower", digits: 0, headline };
}

async function run({ httpPort, load }: Subject): Promise<Sample> {
  const result = await runOpenLoop({
    port: httpPort,
    rate: load.rate,
    seconds: load.seconds,
    connections: CONNECTIONS,
  });
  return { p50_us: result.p50Us, p99_us: result.p99Us, p999_us: result.p999Us };
}
