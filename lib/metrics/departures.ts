/** How long something that is gone is still shown, so that its last counts are collected. */
export const SHOWN_AFTER_MS = 300_000;

/** Remembers since when things are gone, to forget them after a while. */
export class Departures {
  #sinceMs: ReadonlyMap<string, number> = new Map();

  /**
   * Returns which of these things have been gone for long enough to be forgotten. A thing that it is not asked about it
   * has forgotten at the next look.
   */
  over(
    keys: Iterable<string>,
    { isThere, nowMs }: { isThere(key: string): boolean; readonly nowMs: number },
  ): ReadonlySet<string> {
    const sinceMs = new Map<string, number>();
    const over = new Set<string>();
    for (const key of keys) {
      if (isThere(key)) continue;
      const goneMs = this.#sinceMs.get(key) ?? nowMs;
      sinceMs.set(key, goneMs);
      if (nowMs - goneMs >= SHOWN_AFTER_MS) over.add(key);
    }
    this.#sinceMs = sinceMs;
    return over;
  }
}
