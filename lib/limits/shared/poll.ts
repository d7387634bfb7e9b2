/**
 * How often a waiting thread checks for permits that another has released. (`Atomics.waitAsync` would notify at once,
 * but its promise does not wake the event loop of every supported runtime.)
 */
const POLL_MS = 5;

/** Polls shared memory as long as someone waits. */
export class Poll {
  readonly #look: () => boolean;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param look returns whether to look again. */
  constructor(look: () => boolean) {
    this.#look = look;
  }

  /** Starts polling, unless it runs already. */
  begin(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      if (this.#look()) this.begin();
    }, POLL_MS);
  }

  /** Stops polling. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
