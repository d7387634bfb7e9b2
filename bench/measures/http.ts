import { runWrk } from "../load/wrk.ts";
import type { Measure, Sample, Subject } from "../measure.ts";

/** What makes one wrk measure differ from another. */
interface Shape {
  readonly id: string;
  readonly title: string;
  /** Column of the summary table. */
  readonly short: string;
  readonly connections: number;
  /** Whether every request has a connection of its own. */
  readonly close: boolean;
}

/** Small requests on 64 kept connections. */
export const requests: Measure = httpMeasure({
  id: "requests",
  title: "Requests on 64 kept connections",
  short: "requests",
  connections: 64,
  close: false,
});

/** A new connection for every request, 64 at once. */
export const connections: Measure = httpMeasure({
  id: "connections",
  title: "New connections, 64 at once",
  short: "new connections",
  connections: 64,
  close: true,
});

/** One request after the other on one connection: nothing hides the time that a chunk spends in the proxy. */
export const requestsOne: Measure = httpMeasure({
  id: "requests1",
  title: "Requests on one kept connection",
  short: "requests, one at a time",
  connections: 1,
  close: false,
});

/** One connection after the other. */
export const connectionsOne: Measure = httpMeasure({
  id: "connections1",
  title: "New connections, one at a time",
  short: "new connections, one at a time",
  connections: 1,
  close: true,
});

function httpMeasure(shape: Shape): Measure {
  return {
    id: shape.id,
    title: shape.title,
    needs: ["wrk", "nginx"],
    metrics: [
      { id: "per_s", title: shape.short, unit: "/s", better: "higher", digits: 0, headline: true },
      {
        id: "cpu_us",
        title: "CPU",
        unit: shape.close ? "µs/connection" : "µs/request",
        better: "lower",
        digits: 1,
      },
    ],
    run: (subject) => run(subject, shape),
  };
}

async function run({ running, httpPort, load }: Subject, shape: Shape): Promise<Sample> {
  const cpuBefore = running.cpuSeconds();
  const result = await runWrk({
    port: httpPort,
    seconds: load.seconds,
    connections: shape.connections,
    threads: load.threads,
    close: shape.close,
  });
  const cpuSeconds = running.cpuSeconds() - cpuBefore;
  return {
    per_s: result.requestsPerSecond,
    ...(running.hasProcess ? { cpu_us: cpuSeconds * 1e6 / result.requests } : {}),
  };
}
