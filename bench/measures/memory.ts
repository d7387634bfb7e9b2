import { IdleConnections } from "../load/idle.ts";
import { pause } from "../system/lab.ts";
import type { Measure, Sample, Subject } from "../measure.ts";
import { startPeer } from "../subject.ts";
import type { RunningPeer } from "../peer.ts";

/**
 * The warm-up opens a tenth of the connections that are measured. It must be of the same kind, so that compiled code
 * and start-up buffers are not counted as connections. It must be smaller, or the memory that it left behind would
 * hold the measured connections for nothing.
 */
const WARM_UP_SHARE = 0.1;

/** How long a process is left alone before its memory is read. */
const SETTLE_MS = 700;

/** Memory of one idle proxied connection, in a process of its own. */
export const memory: Measure = {
  id: "memory",
  title: "Memory of idle connections",
  needs: ["nginx"],
  startsPeer: true,
  metrics: [
    {
      id: "kb_per_connection",
      title: "idle connection",
      unit: "KB",
      better: "lower",
      digits: 1,
      headline: true,
    },
    { id: "base_mb", title: "process before", unit: "MB", better: "lower", digits: 1 },
  ],
  run,
};

async function run(subject: Subject): Promise<Sample> {
  if (!subject.running.hasProcess) return {};
  const count = subject.load.idleConnections;
  const started = await startPeer(subject, subject.peer);
  try {
    await warmUpIdle(started.httpPort, count);
    const before = await settledMemory(started.running);
    using idle = new IdleConnections(started.httpPort);
    await idle.growTo(count);
    const after = await settledMemory(started.running);
    return { kb_per_connection: (after - before) / count / 1000, base_mb: before / 1e6 };
  } finally {
    await started.running.stop();
  }
}

/** Opens and closes a tenth of so many idle connections. */
export async function warmUpIdle(port: number, count: number): Promise<void> {
  using idle = new IdleConnections(port);
  await idle.growTo(Math.ceil(count * WARM_UP_SHARE));
}

/** Bytes, after a time of quiet. */
export async function settledMemory(running: RunningPeer): Promise<number> {
  await pause(SETTLE_MS);
  return running.memoryBytes();
}
