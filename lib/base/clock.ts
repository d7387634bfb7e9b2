/** The time source of the program's parts; a test passes its own. */
export interface Clock {
  /** Milliseconds on a clock that never goes back. */
  nowMs(): number;
}

/** The runtime's monotonic clock. */
export const monotonicClock: Clock = { nowMs: () => performance.now() };

/** The longest delay that a timer of the runtime holds: 24.8 days; with a longer one it fires at once. */
export const MAX_TIMER_MS = 2 ** 31 - 1;

/** A source of numbers from 0 (included) to 1 (excluded), as `Math.random`; a test gives its own. */
export type Random = () => number;
