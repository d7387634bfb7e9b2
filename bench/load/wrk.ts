import { programPath } from "../system/programs.ts";

/** What one run of wrk gives. */
export interface WrkResult {
  readonly requests: number;
  readonly seconds: number;
  readonly requestsPerSecond: number;
  /** Connections that could not be made, reads and writes that failed, replies that came too late. */
  readonly socketErrors: number;
  /** Replies with a status other than 2xx and 3xx. */
  readonly badReplies: number;
}

/** How wrk is run. */
export interface WrkOptions {
  readonly port: number;
  readonly seconds: number;
  readonly connections: number;
  readonly threads: number;
  /** Whether every request has a connection of its own. */
  readonly close: boolean;
}

const SECONDS_BY_UNIT: Readonly<Record<string, number>> = { us: 1e-6, ms: 1e-3, s: 1, m: 60, h: 3600 };

/**
 * Share of requests that may fail before a figure is refused. wrk drops what is in flight when its time is up, and with
 * a connection a request some of that counts as a read error.
 */
const TOLERATED_ERRORS = 0.001;

/**
 * Runs wrk against 127.0.0.1.
 *
 * @throws {Error} when it fails, or when more than one request in a thousand did.
 */
export async function runWrk(options: WrkOptions): Promise<WrkResult> {
  const threads = Math.min(options.threads, options.connections);
  const output = await new Deno.Command(programPath("wrk"), {
    args: [
      `--threads=${threads}`,
      `--connections=${options.connections}`,
      `--duration=${options.seconds}s`,
      ...(options.close ? ["--header", "Connection: close"] : []),
      `http://127.0.0.1:${options.port}/`,
    ],
  }).output();
  const decoder = new TextDecoder();
  if (!output.success) throw new Error(`cannot run "wrk": ${decoder.decode(output.stderr).trim()}`);
  const result = parseWrk(decoder.decode(output.stdout));
  const failed = result.socketErrors + result.badReplies;
  if (result.requests === 0 || failed > result.requests * TOLERATED_ERRORS) {
    throw new Error(`cannot use the run: ${failed} of ${result.requests} requests failed; expected none`);
  }
  return result;
}

/**
 * Parses what wrk 4 prints.
 *
 * @throws {SyntaxError} when it is something else.
 */
export function parseWrk(text: string): WrkResult {
  const total = /^\s*(\d+) requests in ([\d.]+)(us|ms|s|m|h),/m.exec(text);
  const rate = /^Requests\/sec:\s*([\d.]+)/m.exec(text);
  if (total === null || rate === null) {
    throw new SyntaxError(`cannot read wrk: it printed "${text.slice(0, 120)}"; expected a report`);
  }
  const errors = /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(text);
  return {
    requests: Number(total[1]),
    seconds: Number(total[2]) * (SECONDS_BY_UNIT[total[3] ?? "s"] ?? 1),
    requestsPerSecond: Number(rate[1]),
    socketErrors: (errors?.slice(1) ?? []).reduce((sum, each) => sum + Number(each), 0),
    badReplies: Number(/Non-2xx or 3xx responses: (\d+)/.exec(text)?.[1] ?? 0),
  };
}
