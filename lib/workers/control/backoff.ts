const FIRST_MS = 100;
const MAX_MS = 10_000;

/** A worker that has lived this long is started anew at once after all: what ended it was not the start. */
const STEADY_MS = 60_000;

/** How long to wait before a worker that died is started again: 100 ms, twice as much each time, at most 10 s. */
export class Backoff {
  #nextMs = FIRST_MS;

  /** The delay after a death, of a worker that had lived so long. */
  next(livedMs: number): number {
    if (livedMs >= STEADY_MS) this.#nextMs = FIRST_MS;
    const delayMs = this.#nextMs;
    this.#nextMs = Math.min(MAX_MS, delayMs * 2);
    return delayMs;
  }
}
