import type { Cancel, Scheduler } from "../../../lib/pool/scheduler.ts";
import { settled } from "./fake_time.ts";

interface Entry {
  readonly atMs: number;
  readonly callback: () => void;
}

/** A scheduler whose time stands still until a test moves it. */
export class FakeScheduler implements Scheduler {
  #nowMs = 0;
  readonly #entries = new Set<Entry>();

  nowMs(): number {
    return this.#nowMs;
  }

  /** How many callbacks are pending. */
  get pending(): number {
    return this.#entries.size;
  }

  after(delayMs: number, callback: () => void): Cancel {
    const entry = { atMs: this.#nowMs + delayMs, callback };
    this.#entries.add(entry);
    return () => void this.#entries.delete(entry);
  }

  /** Moves time on, calls back in order what comes due, and each time lets what follows from it happen. */
  async advance(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms;
    await settled();
    for (let entry = this.#nextUntil(endMs); entry !== undefined; entry = this.#nextUntil(endMs)) {
      this.#nowMs = entry.atMs;
      this.#entries.delete(entry);
      entry.callback();
      await settled();
    }
    this.#nowMs = endMs;
  }

  #nextUntil(endMs: number): Entry | undefined {
    let next: Entry | undefined;
    for (const entry of this.#entries) {
      if (entry.atMs <= endMs && (next === undefined || entry.atMs < next.atMs)) next = entry;
    }
    return next;
  }
}
