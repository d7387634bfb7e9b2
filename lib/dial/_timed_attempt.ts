import { MAX_TIMER_MS } from "../base/mod.ts";
import type { DialAttempt, DialHolder } from "./holder.ts";

/** How long to wait for a file descriptor when the process has none left. */
export const STARVED_PAUSE_MS = 100;

/** One dial with its limit. */
export class TimedAttempt implements DialAttempt {
  timedOut = false;
  readonly #controller = new AbortController();
  readonly #endsAtMs: number;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(endsAtMs: number) {
    this.#endsAtMs = endsAtMs;
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  abort(): void {
    this.#controller.abort();
  }

  linger(): void {
    this.#timer ??= setTimeout(() => {
      this.timedOut = true;
      this.#controller.abort();
    }, Math.min(MAX_TIMER_MS, Math.max(0, this.#endsAtMs - performance.now())));
  }

  end(): void {
    clearTimeout(this.#timer);
  }
}

/** Adapts an abort signal to {@link DialHolder}. */
export class SignalHolder implements DialHolder {
  readonly #signal: AbortSignal;
  #attempt: DialAttempt | undefined;

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  get aborted(): boolean {
    return this.#signal.aborted;
  }

  hold(attempt: DialAttempt | undefined): void {
    this.#attempt = attempt;
    attempt?.linger();
    if (attempt === undefined) this.#signal.removeEventListener("abort", this.#abort);
    else this.#signal.addEventListener("abort", this.#abort);
  }

  readonly #abort = (): void => this.#attempt?.abort();
}

/** Pauses between two dials; the holder may end the pause. */
export function pauseDialing(holder: DialHolder, ms: number): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      holder.hold(undefined);
      resolve();
    };
    const timer = setTimeout(done, Math.min(ms, MAX_TIMER_MS));
    holder.hold({ abort: done, linger: () => {} });
  });
}
