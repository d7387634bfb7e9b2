/** How many simultaneous changes of one kind are logged one by one. */
const LOGGED_ONE_BY_ONE = 10;

/**
 * Keeps a list that is replaced whole from filling the log: of what comes within one turn, the first few are logged one by one,
 * and the others as a number.
 */
export class MassChange {
  readonly #counts = new Map<string, number>();
  readonly #report: (what: string, more: number) => void;

  /** @param report reports so many more changes of a kind. */
  constructor(report: (what: string, more: number) => void) {
    this.#report = report;
  }

  /** Counts a change of a kind; returns whether it is to be logged on its own. */
  take(what: string): boolean {
    if (this.#counts.size === 0) queueMicrotask(() => this.#flush());
    const count = (this.#counts.get(what) ?? 0) + 1;
    this.#counts.set(what, count);
    return count <= LOGGED_ONE_BY_ONE;
  }

  #flush(): void {
    const counts = [...this.#counts];
    this.#counts.clear();
    for (const [what, count] of counts) {
      if (count > LOGGED_ONE_BY_ONE) this.#report(what, count - LOGGED_ONE_BY_ONE);
    }
  }
}
