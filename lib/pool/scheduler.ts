import { type Clock, monotonicClock } from "../base/mod.ts";

/** Calls off what was to be done later. Harmless when it is done or called off already. */
export type Cancel = () => void;

/** Time for what recurs: when it is, and what is to be done later. A test gives its own and does not sleep. */
export interface Scheduler extends Clock {
  /** Calls `callback` once, `delayMs` from now. Later than {@link MAX_DELAY_MS} is at {@link MAX_DELAY_MS}. */
  after(delayMs: number, callback: () => void): Cancel;
}

/** The longest delay that a timer of the runtime holds, 24.8 days. */
export const MAX_DELAY_MS = 2 ** 31 - 1;

/** The runtime's timers. */
export const runtimeScheduler: Scheduler = {
  nowMs: () => monotonicClock.nowMs(),
  after: (delayMs, callback) => {
    const timer = setTimeout(callback, Math.min(delayMs, MAX_DELAY_MS));
    return () => clearTimeout(timer);
  },
};
