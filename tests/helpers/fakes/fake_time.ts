import type { Clock } from "../../../lib/base/mod.ts";

/** Time that stands still until a test moves it: a clock, and waits on it. */
export class FakeTime {
  readonly clock: Clock = { nowMs: () => this.nowMs };
  nowMs = 0;
  readonly #waits = new Set<{ readonly atMs: number; readonly end: () => void }>();
  #awaited: { readonly waits: number; readonly resolve: () => void }[] = [];

  /** How many wait at this moment. */
  get waiting(): number {
    return this.#waits.size;
  }

  /** Waits, or rejects with the signal's reason; what the relay's `pause` is in real time. */
  readonly pause = (ms: number, signal: AbortSignal): Promise<void> => {
    if (signal.aborted) return Promise.reject(signal.reason);
    return new Promise((resolve, reject) => {
      const wait = {
        atMs: this.nowMs + ms,
        end: (): void => {
          this.#waits.delete(wait);
          signal.removeEventListener("abort", onAbort);
          resolve();
        },
      };
      const onAbort = (): void => {
        this.#waits.delete(wait);
        reject(signal.reason);
      };
      signal.addEventListener("abort", onAbort, { once: true });
      this.#waits.add(wait);
      const isThere = ({ waits }: { readonly waits: number }): boolean => this.waiting >= waits;
      for (const { resolve } of this.#awaited.filter(isThere)) resolve();
      this.#awaited = this.#awaited.filter((awaited) => !isThere(awaited));
    });
  };

  /** Resolves when so many wait at once. */
  waited(waits: number): Promise<void> {
    if (this.waiting >= waits) return Promise.resolve();
    return new Promise((resolve) => this.#awaited.push({ waits, resolve }));
  }

  /** Lets what is under way settle, then moves on, from one end of a wait to the next. */
  async advance(ms: number): Promise<void> {
    const toMs = this.nowMs + ms;
    for (;;) {
      await settled();
      const next = [...this.#waits].toSorted((a, b) => a.atMs - b.atMs)[0];
      if (next === undefined || next.atMs > toMs) break;
      this.nowMs = next.atMs;
      next.end();
    }
    this.nowMs = toMs;
    await settled();
  }
}

/** Resolves when all microtasks have run: a turn of the event loop, in which streams and memory pipes come to rest. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}
