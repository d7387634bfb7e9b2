import { type Clock, monotonicClock } from "../base/mod.ts";

/** Cancels a scheduled callback. Harmless after it has run or been cancelled. */
export type Cancel = () => void;

/** A clock with timers. Tests supply their own and do not sleep. */
export interface Scheduler extends Clock {
  /** Calls `callback` once after `delayMs`, at most {@link MAX_DELAY_MS}. */
  after(delayMs: number, callback: () => void): Cancel;
}

/** The longest delay of a runtime timer, 24.8 days. */
export const MAX_DELAY_MS = 2 ** 31 - 1;

/** The runtime's timers. */
export const runtimeScheduler: Scheduler = {
  nowMs: () => monotonicClock.nowMs(),
  after: (delayMs, callback) => {
    const timer = setTimeout(callback, Math.min(delayMs, MAX_DELAY_MS));
    return () => clearTimeout(timer);
  },
};
