import type { Curve } from "../curve.ts";
import { IdleConnections } from "../load/idle.ts";
import { settledMemory, warmUpIdle } from "../measures/mod.ts";
import type { Peer } from "../peer.ts";
import type { CurveLine, CurveResult } from "../report/results.ts";
import type { Progress } from "../rounds.ts";
import { startPeer, type Surroundings } from "../subject.ts";

const SIZES = [100, 1000, 2000, 4000, 8000];

/** As many as the memory measure's own warm-up has by default. */
const WARM_UP_FOR = 2000;

/** How the memory of a proxy grows with the idle connections that it holds. */
export const idleCurve: Curve = { id: "idle_curve", needs: ["nginx"], run };

async function run(
  surroundings: Surroundings,
  peers: readonly Peer[],
  progress: Progress,
): Promise<CurveResult[]> {
  const lines: CurveLine[] = [];
  for (const peer of peers) lines.push(await line(surroundings, peer, progress));
  return [{
    id: "idle_curve",
    title: "Memory against idle connections",
    date: new Date().toISOString(),
    xTitle: "idle connections",
    yTitle: "memory, MB",
    digits: 1,
    lines,
  }];
}

async function line(surroundings: Surroundings, peer: Peer, progress: Progress): Promise<CurveLine> {
  const missing = peer.missing();
  if (missing !== undefined) return { name: peer.title, points: [], note: missing };
  const points: [number, number][] = [];
  try {
    const subject = await startPeer(surroundings, peer);
    try {
      await warmUpIdle(subject.httpPort, WARM_UP_FOR);
      points.push([0, await settledMemory(subject.running) / 1e6]);
      using idle = new IdleConnections(subject.httpPort);
      for (const size of SIZES) {
        await idle.growTo(size);
        points.push([size, await settledMemory(subject.running) / 1e6]);
        progress(`idle_curve, ${peer.id}, ${size}: ${points.at(-1)?.[1].toFixed(1)} MB`);
      }
    } finally {
      await subject.running.stop();
    }
  } catch (error) {
    const note = `failed: ${error instanceof Error ? error.message : String(error)}`;
    progress(`idle_curve, ${peer.id}: ${note}`);
    return { name: peer.title, points, note };
  }
  return { name: peer.title, points };
}
