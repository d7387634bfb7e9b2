import type { ProxyObserver } from "../../proxy/mod.ts";

/** What a proxy of several threads tells beside what every proxy tells. Workers are numbered from 1. */
export interface WorkersObserver extends ProxyObserver {
  /** A worker has died, and so many sessions with it; another takes its place after so long, or none at the end of all. */
  workerDied(
    worker: number,
    what: { error: Error; sessions: number; restartMs: number | undefined },
  ): void;
  /** Another worker has taken the place of one that died. */
  workerRestarted(worker: number): void;
}
