/**
 * The signals that end the process or reopen its logs.
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

export interface SignalsOptions {
  /** Called at SIGHUP. */
  onHangUp(): void;
}

/** Windows has no SIGTERM between processes, but Ctrl-C and Ctrl-Break. */
const END_SIGNALS: readonly EndSignal[] = Deno.build.os === "windows"
  ? ["SIGINT", "SIGBREAK"]
  : ["SIGINT", "SIGTERM"];

/**
 * Takes over the process's signals until disposed of. To be called before the first listener opens: the runtime may
 * panic when it installs its first handler while file descriptors are used up.
 */
export function listenForSignals(options: SignalsOptions): Signals {
  const queue = new SignalQueue();
  const handlers: [Deno.Signal, () => void][] = [
    ...END_SIGNALS.map((signal): [Deno.Signal, () => void] => [signal, () => queue.push(signal)]),
    ["SIGHUP", () => options.onHangUp()],
  ];
  for (const [signal, handler] of handlers) Deno.addSignalListener(signal, handler);
  return {
    next: () => queue.next(),
    [Symbol.dispose]: () => {
      for (const [signal, handler] of handlers) Deno.removeSignalListener(signal, handler);
    },
  };
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
