/**
 * A load generator with a fixed rate, run as a program of its own so that nothing of the bench stands in its way.
 *
 * Requests fall due at a constant interval whether or not earlier ones were answered, and a latency counts from the
 * moment at which the request was due, not from the one at which a connection was free for it. A proxy that stalls is
 * so charged for everybody who would have come meanwhile: what a closed loop such as wrk's leaves out is called
 * coordinated omission (Gil Tene, "How NOT to Measure Latency"). The wait for the next due time is a spin over the
 * event loop, since timers have a grain of a millisecond, ten times the latency in question.
 *
 * @module
 */

import { setImmediate } from "node:timers";
import { percentile } from "../report/stats.ts";
import { exchange, REQUEST } from "./http.ts";

/** What one run gives; latencies in microseconds. */
export interface OpenLoopResult {
  readonly requests: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly p999Us: number;
  readonly maxUs: number;
}

/** How the generator is run. */
export interface OpenLoopOptions {
  /** Port on 127.0.0.1, leading to the HTTP backend. */
  readonly port: number;
  /** Requests per second. */
  readonly rate: number;
  readonly seconds: number;
  /** Kept connections; a request that is due while all of them wait for a reply is late, and counts as late. */
  readonly connections: number;
}

/** Requests at the start that are sent but not counted: they warm the generator itself. */
const UNCOUNTED_SECONDS = 0.3;

/** How long the last replies may take after the last request was due. */
const GRACE_MS = 5_000;

/**
 * Runs the generator in a process of its own.
 *
 * @throws {Error} when the peer cannot carry the rate, or a connection fails.
 */
export async function runOpenLoop(options: OpenLoopOptions): Promise<OpenLoopResult> {
  const output = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--quiet",
      "--no-prompt",
      "--allow-net=127.0.0.1",
      import.meta.url,
      JSON.stringify(options),
    ],
  }).output();
  const decoder = new TextDecoder();
  if (!output.success) {
    const lines = decoder.decode(output.stderr).trim().split("\n");
    throw new Error(`cannot run the open loop: ${lines[0] ?? "it ended without a word"}`);
  }
  return JSON.parse(decoder.decode(output.stdout));
}

async function generate(options: OpenLoopOptions): Promise<OpenLoopResult> {
  const conns = await Promise.all(
    Array.from(
      { length: options.connections },
      () => Deno.connect({ hostname: "127.0.0.1", port: options.port }),
    ),
  );
  const lengths = await Promise.all(conns.map(exchange));
  const replyBytes = lengths[0] ?? 0;

  const intervalMs = 1000 / options.rate;
  const uncounted = Math.round(options.rate * UNCOUNTED_SECONDS);
  const total = uncounted + options.rate * options.seconds;
  const latenciesMs = new Float64Array(total);
  const free = conns.map((conn) => ({ conn, buffer: new Uint8Array(replyBytes) }));
  const startMs = performance.now() + 10;
  let sent = 0;
  let answered = 0;
  let failure: unknown;

  async function request(slot: typeof free[number], index: number): Promise<void> {
    await slot.conn.write(REQUEST);
    for (let filled = 0; filled < replyBytes;) {
      const count = await slot.conn.read(slot.buffer.subarray(filled));
      if (count === null) throw new Error("cannot read a reply: the connection ended");
      filled += count;
    }
    latenciesMs[index] = performance.now() - (startMs + index * intervalMs);
    answered++;
    free.push(slot);
  }

  const giveUpMs = startMs + total * intervalMs + GRACE_MS;
  while (answered < total && failure === undefined) {
    const nowMs = performance.now();
    if (nowMs > giveUpMs) {
      throw new Error(`cannot carry the rate: ${answered} of ${total} requests were answered in time`);
    }
    while (sent < total && startMs + sent * intervalMs <= nowMs) {
      const slot = free.pop();
      if (slot === undefined) break;
      request(slot, sent++).catch((error) => failure = error);
    }
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
  for (const conn of conns) conn.close();
  if (failure !== undefined) throw failure;
  return summarizeUs(latenciesMs.subarray(uncounted));
}

/** Percentiles, in microseconds, of latencies in milliseconds. */
export function summarizeUs(latenciesMs: Float64Array): OpenLoopResult {
  const ascending = latenciesMs.toSorted();
  const us = (quantile: number): number => Math.round(percentile(ascending, quantile) * 1e5) / 100;
  return { requests: ascending.length, p50Us: us(0.5), p99Us: us(0.99), p999Us: us(0.999), maxUs: us(1) };
}

if (import.meta.main) {
  generate(JSON.parse(Deno.args[0] ?? "{}")).then((result) => {
    Deno.stdout.writeSync(new TextEncoder().encode(JSON.stringify(result)));
  });
}
