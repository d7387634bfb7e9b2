const FIRST_MS = 100;
const MAX_MS = 10_000;

/** A worker that lived this long restarts without extra delay: its start was not the problem. */
const STEADY_MS = 60_000;

/** The delay before a crashed worker restarts: 100 ms, doubling each time, at most 10 s. */
export class Backoff {
  #nextMs = FIRST_MS;

  /** Returns the delay in milliseconds after the crash of a worker that lived `livedMs`. */
  next(livedMs: number): number {
    if (livedMs >= STEADY_MS) this.#nextMs = FIRST_MS;
    const delayMs = this.#nextMs;
    this.#nextMs = Math.min(MAX_MS, delayMs * 2);
    return delayMs;
  }
}
