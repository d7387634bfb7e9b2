import { pause } from "../system/lab.ts";
import { programPath } from "../system/programs.ts";

/** What one run of iperf3 gives. */
export interface IperfResult {
  /** Bytes that arrived. */
  readonly bytes: number;
  readonly seconds: number;
}

/** How iperf3 is run. */
export interface IperfOptions {
  readonly port: number;
  readonly seconds: number;
  readonly streams: number;
}

/** The server does one test at a time, and needs a moment after one. */
const BUSY_TRIES = 20;
const BUSY_PAUSE_MS = 100;

/**
 * Sends as fast as it goes to the iperf3 server behind a port of 127.0.0.1.
 *
 * @throws {Error} when the test fails.
 */
export async function runIperf(options: IperfOptions): Promise<IperfResult> {
  for (let tries = 1;; tries++) {
    const output = await new Deno.Command(programPath("iperf3"), {
      args: [
        "--client=127.0.0.1",
        `--port=${options.port}`,
        `--time=${options.seconds}`,
        `--parallel=${options.streams}`,
        "--json",
      ],
    }).output();
    const result = parseIperf(new TextDecoder().decode(output.stdout));
    if (typeof result !== "string") return result;
    if (!/busy/.test(result) || tries === BUSY_TRIES) throw new Error(`cannot run "iperf3": ${result}`);
    await pause(BUSY_PAUSE_MS);
  }
}

/**
 * Parses the JSON report of iperf3; gives the server's or client's complaint when the test failed.
 *
 * @throws {SyntaxError} when it is no such report.
 */
export function parseIperf(text: string): IperfResult | string {
  const report: unknown = JSON.parse(text);
  const error = member(report, "error");
  if (typeof error === "string") return error;
  const received = member(member(report, "end"), "sum_received");
  const [bytes, seconds] = [member(received, "bytes"), member(received, "seconds")];
  if (typeof bytes !== "number" || typeof seconds !== "number" || seconds <= 0) {
    throw new SyntaxError(`cannot read iperf3: "end.sum_received" is missing; expected bytes and seconds`);
  }
  return { bytes, seconds };
}

function member(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>)[key] : undefined;
}
