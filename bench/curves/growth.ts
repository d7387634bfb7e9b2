import { startHttp } from "../backend.ts";
import type { Curve } from "../curve.ts";
import type { Lab } from "../system/lab.ts";
import { startTimed } from "../measures/mod.ts";
import type { Forward, Peer } from "../peer.ts";
import type { CurveLine, CurveResult } from "../report/results.ts";
import type { Progress } from "../rounds.ts";
import { median } from "../report/stats.ts";
import type { Surroundings } from "../subject.ts";

/** Starts at each size, of which the median counts. */
const STARTS = 3;

/** Addresses of 127.0.0.0/8 that are given to the targets, so that no two of them are the same. */
const HOSTS_PER_BLOCK = 250;

/** One part of the config that grows while the rest stays at one. */
interface Growth {
  readonly id: string;
  readonly noun: string;
  readonly sizes: readonly number[];
  forwards(lab: Lab, size: number, httpPort: number): Forward[];
}

/** Apps with one port and one target each. */
const apps: Growth = {
  id: "apps_curve",
  noun: "apps",
  sizes: [1, 100, 250, 500, 1000],
  forwards: (lab, size, httpPort) =>
    lab.freePorts(size).map((port) => ({ listen: [port], targets: [`127.0.0.1:${httpPort}`] })),
};

/** Targets of one app. */
const targets: Growth = {
  id: "targets_curve",
  noun: "targets",
  sizes: [1, 100, 250, 500, 1000],
  forwards: (lab, size, httpPort) => [
    { listen: [lab.freePort()], targets: targetHosts(size).map((host) => `${host}:${httpPort}`) },
  ],
};

/** Ports of one app. */
const ports: Growth = {
  id: "ports_curve",
  noun: "ports",
  sizes: [1, 500, 1250, 2500, 5000],
  forwards: (lab, size, httpPort) => [
    { listen: lab.freePorts(size), targets: [`127.0.0.1:${httpPort}`] },
  ],
};

/** How the time to start and the memory then grow with the config. */
export const growthCurves: readonly Curve[] = [apps, targets, ports].map((growth) => ({
  id: growth.id,
  needs: ["nginx"],
  run: (surroundings, peers, progress) => run(growth, { surroundings, peers, progress }),
}));

interface RunOptions {
  readonly surroundings: Surroundings;
  readonly peers: readonly Peer[];
  readonly progress: Progress;
}

async function run(growth: Growth, { surroundings, peers, progress }: RunOptions): Promise<CurveResult[]> {
  const { lab } = surroundings;
  const most = Math.max(...growth.sizes);
  const hosts = growth === targets ? targetHosts(most) : ["127.0.0.1"];
  const httpPort = await startHttp(lab, { hosts });
  const starts: CurveLine[] = [];
  const memories: CurveLine[] = [];
  for (const peer of peers) {
    const startPoints: [number, number][] = [];
    const memoryPoints: [number, number][] = [];
    let note = peer.missing();
    for (const size of note === undefined ? growth.sizes : []) {
      try {
        const point = await startMedian(surroundings, peer, growth.forwards(lab, size, httpPort));
        startPoints.push([size, point.ms]);
        memoryPoints.push([size, point.memoryMb]);
        progress(
          `${growth.id}, ${peer.id}, ${size}: ${point.ms.toFixed(0)} ms, ${point.memoryMb.toFixed(1)} MB`,
        );
      } catch (error) {
        note = `failed at ${size}: ${error instanceof Error ? error.message : String(error)}`;
        progress(`${growth.id}, ${peer.id}: ${note}`);
        break;
      }
    }
    const rest = { name: peer.title, ...(note === undefined ? {} : { note }) };
    starts.push({ ...rest, points: startPoints });
    memories.push({ ...rest, points: memoryPoints });
  }
  const shared = { date: new Date().toISOString(), xTitle: growth.noun };
  return [
    {
      ...shared,
      id: `${growth.id}_start`,
      title: `Time to start against ${growth.noun}`,
      yTitle: "start to first reply, ms",
      digits: 0,
      lines: starts,
    },
    {
      ...shared,
      id: `${growth.id}_memory`,
      title: `Memory after the start against ${growth.noun}`,
      yTitle: "memory, MB",
      digits: 1,
      lines: memories,
    },
  ];
}

async function startMedian(
  { lab, load }: Surroundings,
  peer: Peer,
  forwards: readonly Forward[],
): Promise<{ ms: number; memoryMb: number }> {
  const times: number[] = [];
  const memories: number[] = [];
  for (let count = 0; count < STARTS; count++) {
    const timed = await startTimed(lab, peer, { forwards, threads: load.threads });
    times.push(timed.ms);
    memories.push(timed.memoryBytes / 1e6);
    await timed.running.stop();
  }
  return { ms: median(times), memoryMb: median(memories) };
}

/** So many different loopback addresses, 127.1.0.1 and on. */
function targetHosts(count: number): string[] {
  return Array.from(
    { length: count },
    (_, index) => `127.1.${Math.floor(index / HOSTS_PER_BLOCK)}.${1 + index % HOSTS_PER_BLOCK}`,
  );
}
