/**
 * How often a thread that waits looks whether another has given a place back. (`Atomics.waitAsync` would tell at once,
 * but its promise does not wake the event loop of every runtime that the program is compiled with.)
 */
const POLL_MS = 5;

/** Looks at shared memory again and again while there is somebody to look for. */
export class Poll {
  readonly #look: () => boolean;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param look says whether to look again. */
  constructor(look: () => boolean) {
    this.#look = look;
  }

  /** Begins to look, unless it does already. */
  begin(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      if (this.#look()) this.begin();
    }, POLL_MS);
  }

  /** Ends it. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
