import type { Schedule } from "./episode.ts";

export interface WarningBudgetOptions {
  /** Warnings that may be given in one second. */
  readonly perSecond: number;
  readonly schedule: Schedule;
  /** WorkerEvent at the end of a second how many were left out in it. */
  onLeftOut(count: number): void;
}

/** Lets so many warnings through in a second and counts the rest: a flood of clients must not flood the log. */
export class WarningBudget {
  readonly #options: WarningBudgetOptions;
  #given = 0;
  #cancel: (() => void) | undefined;

  constructor(options: WarningBudgetOptions) {
    this.#options = options;
  }

  /** Whether one more warning may be given. */
  take(): boolean {
    this.#cancel ??= this.#options.schedule(() => this.close(), 1000);
    this.#given++;
    return this.#given <= this.#options.perSecond;
  }

  /** Ends the second that runs, and reports what was left out in it. */
  close(): void {
    const leftOut = this.#given - this.#options.perSecond;
    this.#cancel?.();
    this.#cancel = undefined;
    this.#given = 0;
    if (leftOut > 0) this.#options.onLeftOut(leftOut);
  }
}
