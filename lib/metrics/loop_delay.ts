import { DELAY_BOUNDS_MS, Histogram, type HistogramSnapshot } from "./histogram.ts";

/** Runs something again and again; returns what ends that. */
export type Repeat = (run: () => void, everyMs: number) => () => void;

export interface LoopDelayOptions {
  /** Default: the runtime's monotonic clock. */
  readonly nowMs?: () => number;
  /** Default: the runtime's timers. */
  readonly repeat?: Repeat;
}

/** Often enough to meet whatever blocks a thread for a tenth of a second, and cheap. */
const EVERY_MS = 100;

/**
 * Measures how late a thread's timers fire, which is how long everything else in it waits too. The runtime's own
 * measure of that is not to be trusted.
 */
export class LoopDelay implements Disposable {
  readonly #histogram = new Histogram(DELAY_BOUNDS_MS);
  readonly #stop: () => void;

  constructor({ nowMs = () => performance.now(), repeat = runtimeRepeat }: LoopDelayOptions = {}) {
    let dueMs = nowMs() + EVERY_MS;
    this.#stop = repeat(() => {
      const now = nowMs();
      this.#histogram.add(now - dueMs);
      dueMs = now + EVERY_MS;
    }, EVERY_MS);
  }

  snapshot(): HistogramSnapshot {
    return this.#histogram.snapshot();
  }

  /** Measures no more. Idempotent. */
  [Symbol.dispose](): void {
    this.#stop();
  }
}

/** {@link Repeat} with the timers of the runtime. */
export function runtimeRepeat(run: () => void, everyMs: number): () => void {
  const timer = setInterval(run, everyMs);
  return () => clearInterval(timer);
}
