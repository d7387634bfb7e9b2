import type { Clock } from "../../base/mod.ts";
import { endOf, type FaultTerm } from "./fault_rule.ts";

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

/**
 * Waits until the clock reads `atMs`, or the fault ends.
 *
 * @throws the signal's reason.
 */
export async function pauseWhileActive(
  atMs: number,
  { term, time, signal }: {
    readonly term: FaultTerm;
    readonly time: FaultTime;
    readonly signal: AbortSignal;
  },
): Promise<void> {
  const { withdrawn } = term;
  const either = withdrawn === undefined ? signal : AbortSignal.any([signal, withdrawn]);
  try {
    await pauseUntil(Math.min(atMs, endOf(term)), time, either);
  } catch (error) {
    signal.throwIfAborted();
    if (withdrawn?.aborted !== true) throw error;
  }
}
