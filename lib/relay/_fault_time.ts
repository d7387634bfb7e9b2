import type { Clock } from "../base/mod.ts";

/** Waits, or rejects with the signal's reason as soon as it is aborted. */
export type Pause = (ms: number, signal: AbortSignal) => Promise<void>;

/** The clock that faults run on, and how they wait on it. */
export interface FaultTime {
  readonly clock: Clock;
  readonly pause: Pause;
}

/**
 * Waits until the clock reads `atMs`. Loops, because a timer may fire early and the runtime caps long ones.
 *
 * @throws the signal's reason.
 */
export async function pauseUntil(atMs: number, time: FaultTime, signal: AbortSignal): Promise<void> {
  for (let leftMs = atMs - time.clock.nowMs(); leftMs > 0; leftMs = atMs - time.clock.nowMs()) {
    await time.pause(leftMs, signal);
  }
}
