import { MAX_TIMER_MS } from "../base/mod.ts";
import type { CancelSignal } from "../net/mod.ts";
import type { DialAttempt, DialHolder } from "./holder.ts";

/** How long to wait for a file descriptor when the process has none left. */
export const STARVED_PAUSE_MS = 100;

/**
 * One dial with its limit, and the signal that ends it. Every connection dials, and an `AbortController` with a listener
 * costs more than the rest of the dial, so the runtime's signal is made on first use.
 */
export class TimedAttempt implements DialAttempt, CancelSignal {
  timedOut = false;
  aborted = false;
  reason: unknown;
  readonly #endsAtMs: number;
  #listener: (() => void) | undefined;
  #controller: AbortController | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(endsAtMs: number) {
    this.#endsAtMs = endsAtMs;
  }

  abort(): void {
    if (this.aborted) return;
    this.aborted = true;
    this.reason = new DOMException("the dial was ended", "AbortError");
    this.#controller?.abort(this.reason);
    const listener = this.#listener;
    this.#listener = undefined;
    listener?.();
  }

  linger(): void {
    this.#timer ??= setTimeout(() => {
      this.timedOut = true;
      this.abort();
    }, Math.min(MAX_TIMER_MS, Math.max(0, this.#endsAtMs - performance.now())));
  }

  end(): void {
    clearTimeout(this.#timer);
  }

  addEventListener(type: "abort", listener: () => void): void {
    if (this.#listener === undefined) this.#listener = listener;
    else this.toAbortSignal().addEventListener(type, listener);
  }

  removeEventListener(type: "abort", listener: () => void): void {
    if (this.#listener === listener) this.#listener = undefined;
    else this.#controller?.signal.removeEventListener(type, listener);
  }

  toAbortSignal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.aborted) this.#controller.abort(this.reason);
    }
    return this.#controller.signal;
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
