/** Runs something later; gives how to call it off. A test gives its own. */
export type Schedule = (run: () => void, delayMs: number) => () => void;

/** The runtime's timers. */
export function schedule(run: () => void, delayMs: number): () => void {
  const timer = setTimeout(run, delayMs);
  return () => clearTimeout(timer);
}

export interface EpisodeOptions {
  /** How long all must have been well for the episode to be over. */
  readonly settleMs: number;
  readonly schedule: Schedule;
  onBegin(error: unknown): void;
  onEnd(): void;
}

/**
 * Trouble that comes and goes many times a second, reported once when it begins and once when it has settled. Several
 * places (listeners, sessions) may be in the same trouble; it is one episode while any of them is.
 */
export class Episode<Place> {
  readonly #options: EpisodeOptions;
  readonly #troubled = new Set<Place>();
  #running = false;
  #cancelEnd: (() => void) | undefined;

  constructor(options: EpisodeOptions) {
    this.#options = options;
  }

  /** A place is in trouble. */
  begin(place: Place, error: unknown): void {
    this.#troubled.add(place);
    this.#cancelEnd?.();
    this.#cancelEnd = undefined;
    if (this.#running) return;
    this.#running = true;
    this.#options.onBegin(error);
  }

  /** A place is well again. */
  end(place: Place): void {
    this.#troubled.delete(place);
    if (this.#running && this.#troubled.size === 0) this.#armEnd();
  }

  /** Of the same cause, something else is in trouble: where the episode runs, it is not over before that has settled. */
  prolong(): void {
    if (this.#running && this.#troubled.size === 0) this.#armEnd();
  }

  /** Forgets all, without a word. */
  close(): void {
    this.#cancelEnd?.();
    this.#cancelEnd = undefined;
    this.#troubled.clear();
    this.#running = false;
  }

  #armEnd(): void {
    this.#cancelEnd?.();
    this.#cancelEnd = this.#options.schedule(() => {
      this.#running = false;
      this.#cancelEnd = undefined;
      this.#options.onEnd();
    }, this.#options.settleMs);
  }
}
