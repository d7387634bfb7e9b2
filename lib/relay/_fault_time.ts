import type { Clock } from "../base/mod.ts";

/** Waits, or rejects with the signal's reason as soon as it is aborted. */
export type Pause = (ms: number, signal: AbortSignal) => Promise<void>;

/** The time that faults live in, and how they wait in it. */
export interface FaultTime {
  readonly clock: Clock;
  readonly pause: Pause;
}

/**
 * Waits until the clock shows `atMs`: a timer may fire early, and a long one is cut to what the runtime holds.
 *
 * @throws the signal's reason.
 */
export async function pauseUntil(atMs: number, time: FaultTime, signal: AbortSignal): Promise<void> {
  for (let leftMs = atMs - time.clock.nowMs(); leftMs > 0; leftMs = atMs - time.clock.nowMs()) {
    await time.pause(leftMs, signal);
  }
}
