import type { Confinement, ConfinementOptions } from "../../net/mod.ts";
import type { ProxyObserver } from "../../proxy/mod.ts";

/** The events of a proxy with several threads. Workers are numbered from 1. */
export interface WorkersObserver extends ProxyObserver {
  /** A worker crashed and lost `sessions`; another starts after `restartMs`, or none where the proxy is ending. */
  workerDied(
    worker: number,
    what: { error: Error; sessions: number; restartMs: number | undefined },
  ): void;
  /** The kernel confines a worker, which connects to these ports; called for each worker that starts. */
  workersConfined(ports: ConfinementOptions["ports"], confinement: Confinement): void;
  /** A replacement for a crashed worker is up. */
  workerRestarted(worker: number): void;
  /** Apps of a config that is in effect want Multipath TCP, which the kernel does not have: they use TCP. */
  multipathMissing(apps: readonly string[], why: string): void;
}
