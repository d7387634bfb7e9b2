import { exchange } from "../load/http.ts";
import { pause } from "../system/lab.ts";
import type { Measure, Sample, Subject } from "../measure.ts";
import { type Plan, RunningPeer } from "../peer.ts";
import type { Peer } from "../peer.ts";
import type { Lab } from "../system/lab.ts";

/** How often the door is tried: the grain of the figure. */
const POLL_MS = 1;

/** How long a start may take. */
const TIMEOUT_MS = 60_000;

/** From starting the program to the first reply through it. */
export const start: Measure = {
  id: "start",
  title: "Start to first reply",
  needs: ["nginx"],
  startsPeer: true,
  metrics: [
    { id: "ms", title: "start to first reply", unit: "ms", better: "lower", digits: 0, headline: true },
    { id: "rss_mb", title: "memory then", unit: "MB", better: "lower", digits: 1 },
  ],
  run,
};

async function run({ peer, running, backend, lab, load }: Subject): Promise<Sample> {
  if (!running.hasProcess || backend.httpPort === undefined) return {};
  const plan: Plan = {
    forwards: [{ listen: [lab.freePort()], targets: [`127.0.0.1:${backend.httpPort}`] }],
    threads: load.threads,
  };
  const timed = await startTimed(lab, peer, plan);
  await timed.running.stop();
  return { ms: timed.ms, rss_mb: timed.memoryBytes / 1e6 };
}

/** A peer that has just answered for the first time; the caller stops it. */
export interface TimedStart {
  readonly running: RunningPeer;
  readonly ms: number;
  readonly memoryBytes: number;
}

/**
 * Starts a peer and waits for a reply through the last port of its plan. A reply, rather than a connection, since
 * the kernel completes connections as soon as a port listens.
 *
 * @throws {Error} when there is none in time.
 */
export async function startTimed(lab: Lab, peer: Peer, plan: Plan): Promise<TimedStart> {
  const port = plan.forwards.at(-1)?.listen.at(-1) ?? 0;
  const startMs = performance.now();
  const running = new RunningPeer(await peer.start(lab, plan));
  try {
    await firstReply(port, startMs + TIMEOUT_MS);
    const ms = performance.now() - startMs;
    return { running, ms, memoryBytes: running.memoryBytes() };
  } catch (error) {
    await running.stop();
    throw error;
  }
}

async function firstReply(port: number, deadlineMs: number): Promise<void> {
  for (;;) {
    try {
      using conn = await Deno.connect({ hostname: "127.0.0.1", port });
      await exchange(conn);
      return;
    } catch (error) {
      // Refused until it listens; any other failure may be that of a proxy that is half up.
      if (performance.now() > deadlineMs) {
        throw new Error(`cannot get a reply through port ${port} within ${TIMEOUT_MS / 1000} s`, {
          cause: error,
        });
      }
    }
    await pause(POLL_MS);
  }
}
