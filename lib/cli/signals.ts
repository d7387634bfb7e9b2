/**
 * The signals that end the process, and the one that has it read its files again.
 *
 * @module
 */

/** One of the signals that end the process. */
export type EndSignal = "SIGINT" | "SIGTERM" | "SIGBREAK";

/** Listens for signals, and hands out those that end the process one by one. */
export interface Signals extends Disposable {
  /** Resolves with the next signal that ends the process; at once where one has come already. */
  next(): Promise<EndSignal>;
}

/** Windows has no SIGTERM between processes, but Ctrl-C and Ctrl-Break. */
const END_SIGNALS: readonly EndSignal[] = Deno.build.os === "windows"
  ? ["SIGINT", "SIGBREAK"]
  : ["SIGINT", "SIGTERM"];

/**
 * Takes over the signals that end the process until disposed of. To be called before the first listener opens: the
 * runtime may panic when it installs its first handler while file descriptors are used up.
 */
export function listenForSignals(): Signals {
  const queue = new SignalQueue();
  const handlers = END_SIGNALS.map((signal): [Deno.Signal, () => void] => [signal, () => queue.push(signal)]);
  for (const [signal, handler] of handlers) Deno.addSignalListener(signal, handler);
  return {
    next: () => queue.next(),
    [Symbol.dispose]: () => {
      for (const [signal, handler] of handlers) Deno.removeSignalListener(signal, handler);
    },
  };
}

/**
 * SIGHUP, from when this is made until it is disposed of; Windows sends it when the console is closed. Without it the
 * signal ends the process, as is right for what runs in a terminal. What a service manager starts makes it first of all: the
 * signal may come at any time.
 */
export class HangUps implements Disposable {
  #hasCome = false;
  #listener: (() => void) | undefined;
  readonly #handler = (): void => {
    this.#hasCome = true;
    this.#listener?.();
  };

  constructor() {
    Deno.addSignalListener("SIGHUP", this.#handler);
  }

  /** Calls `listener` at each signal from here on, and at once where one has come already. */
  listen(listener: () => void): void {
    this.#listener = listener;
    if (this.#hasCome) listener();
  }

  [Symbol.dispose](): void {
    this.#listener = undefined;
    Deno.removeSignalListener("SIGHUP", this.#handler);
  }
}

/** Signals that came before anybody asked, and who asked before any came. */
export class SignalQueue {
  readonly #signals: EndSignal[] = [];
  readonly #waiting: ((signal: EndSignal) => void)[] = [];

  push(signal: EndSignal): void {
    const waiting = this.#waiting.shift();
    if (waiting === undefined) this.#signals.push(signal);
    else waiting(signal);
  }

  next(): Promise<EndSignal> {
    const signal = this.#signals.shift();
    if (signal !== undefined) return Promise.resolve(signal);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}
