import type { FileProblem } from "./check_tls.ts";

/** Runs something later; gives how to call it off. A test gives its own. */
export type Schedule = (run: () => void, delayMs: number) => () => void;

export interface ExpiryWatchOptions {
  /** Finds what time alone makes a problem of, now. Never rejects. */
  look(): Promise<readonly FileProblem[]>;
  report(problem: FileProblem): void;
  /** Default the runtime's timers. */
  readonly schedule?: Schedule | undefined;
}

const DAY_MS = 86_400_000;

/** Reports once a day which certificates have expired or soon will. The start reports by itself; the first day begins there. */
export class ExpiryWatch {
  readonly #options: ExpiryWatchOptions;
  #cancel: (() => void) | undefined;
  #isStopped = false;

  constructor(options: ExpiryWatchOptions) {
    this.#options = options;
  }

  /** Begins, unless it has begun already. */
  start(): void {
    const { schedule = runtimeTimer } = this.#options;
    if (!this.#isStopped) this.#cancel ??= schedule(() => void this.#look(), DAY_MS);
  }

  /** Reports nothing from here on; idempotent. */
  stop(): void {
    this.#isStopped = true;
    this.#cancel?.();
  }

  async #look(): Promise<void> {
    this.#cancel = undefined;
    this.start();
    for (const problem of await this.#options.look()) if (!this.#isStopped) this.#options.report(problem);
  }
}

function runtimeTimer(run: () => void, delayMs: number): () => void {
  const timer = setTimeout(run, delayMs);
  return () => clearTimeout(timer);
}
