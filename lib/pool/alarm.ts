import { MAX_DELAY_MS } from "./scheduler.ts";

/** One timer, for whichever event comes next. */
export class Alarm {
  readonly #ring: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param ring called when it is due, or after the longest delay that a timer holds. */
  constructor(ring: () => void) {
    this.#ring = ring;
  }

  /** Replaces the time that was set; `Infinity` is never. */
  set(delayMs: number): void {
    this.clear();
    if (delayMs === Infinity) return;
    this.#timer = setTimeout(this.#ring, Math.min(MAX_DELAY_MS, Math.max(1, delayMs)));
  }

  clear(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
