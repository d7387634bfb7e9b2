import { runIperf } from "../load/iperf3.ts";
import type { Measure, Sample, Subject } from "../measure.ts";

const BYTES_PER_GB = 1e9;

/** Throughput of one stream, and what a gigabyte costs the proxy. */
export const bulkOne: Measure = bulk(1, "Bulk throughput, one stream");

/** Throughput of eight streams at once. */
export const bulkEight: Measure = bulk(8, "Bulk throughput, eight streams");

function bulk(streams: number, title: string): Measure {
  return {
    id: `bulk${streams}`,
    title,
    needs: ["iperf3"],
    metrics: [
      {
        id: "gbit_s",
        title: `${streams === 1 ? "one stream" : "eight streams"}`,
        unit: "Gbit/s",
        better: "higher",
        digits: 2,
        headline: true,
      },
      {
        id: "cpu_s_per_gb",
        title: "CPU",
        unit: "s/GB",
        better: "lower",
        digits: 2,
        headline: streams === 1,
      },
    ],
    run: (subject) => run(subject, streams),
  };
}

async function run({ running, bulkPort, load }: Subject, streams: number): Promise<Sample> {
  const cpuBefore = running.cpuSeconds();
  const { bytes, seconds } = await runIperf({ port: bulkPort, seconds: load.seconds, streams });
  const cpuSeconds = running.cpuSeconds() - cpuBefore;
  return {
    gbit_s: bytes * 8 / seconds / 1e9,
    ...(running.hasProcess ? { cpu_s_per_gb: cpuSeconds / (bytes / BYTES_PER_GB) } : {}),
  };
}
