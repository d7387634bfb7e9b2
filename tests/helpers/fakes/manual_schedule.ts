/** A schedule whose time stands still until a test moves it. */
export class ManualSchedule {
  readonly #entries = new Set<{ readonly atMs: number; readonly run: () => void }>();
  #nowMs = 0;

  /** How many are pending. */
  get pending(): number {
    return this.#entries.size;
  }

  readonly schedule = (run: () => void, delayMs: number): () => void => {
    const entry = { atMs: this.#nowMs + delayMs, run };
    this.#entries.add(entry);
    return () => void this.#entries.delete(entry);
  };

  advance(ms: number): void {
    this.#nowMs += ms;
    for (const entry of [...this.#entries].toSorted((a, b) => a.atMs - b.atMs)) {
      if (entry.atMs > this.#nowMs || !this.#entries.delete(entry)) continue;
      entry.run();
    }
  }
}
