/**
 * The signals that end the process, those that have it do something, and those that it ignores.
 *
 * @module
 */

/** One of the signals that end the process. */
export type EndSignal = "SIGINT" | "SIGTERM" | "SIGQUIT" | "SIGBREAK";

/** Listens for signals, and hands out those that end the process one by one. */
export interface Signals extends Disposable {
  /** Resolves with the next signal that ends the process; at once where one has come already. */
  next(): Promise<EndSignal>;
}

const IS_WINDOWS = Deno.build.os === "windows";

/** Windows has no SIGTERM between processes, but Ctrl-C and Ctrl-Break. */
const END_SIGNALS: readonly EndSignal[] = IS_WINDOWS
  ? ["SIGINT", "SIGBREAK"]
  : ["SIGINT", "SIGTERM", "SIGQUIT"];

/**
 * Signals that would end the process by default and mean nothing to it. SIGUSR1 is the runtime's own: `deno run` opens
 * its debugger's port at it (a compiled program does not). SIGXFSZ: a write beyond the limit of a file's size then fails
 * with EFBIG. SIGABRT, SIGSYS and SIGTRAP are left alone: their sender wants a core dump.
 */
const IGNORED: readonly Deno.Signal[] = IS_WINDOWS ? [] : [
  "SIGUSR1",
  "SIGALRM",
  "SIGVTALRM",
  "SIGPROF",
  "SIGXCPU",
  "SIGXFSZ",
  ...(Deno.build.os === "linux" ? ["SIGIO", "SIGPWR", "SIGSTKFLT"] as const : []),
];

/**
 * How soon a second signal is still the first: Ctrl-C reaches every process of the terminal's group, and one that started
 * this one (`deno task`, `npx`) passes it on as well.
 */
const SAME_SIGNAL_MS = 1000;

/**
 * Takes over the signals that end the process until disposed of. To be called before the first listener opens: the
 * runtime may panic when it installs its first handler while file descriptors are used up.
 */
export function listenForSignals(): Signals {
  const queue = new SignalQueue();
  const listening = listen(END_SIGNALS, (signal) => queue.push(signal, performance.now()));
  return { next: () => queue.next(), [Symbol.dispose]: () => listening[Symbol.dispose]() };
}

/**
 * Keeps signals that mean nothing to the program from ending it, until disposed of; `onIgnored` hears of each kind once,
 * so that a timer that sends them fills no log.
 */
export function ignoreSignals(onIgnored: (signal: Deno.Signal) => void): Disposable {
  const announced = new Set<Deno.Signal>();
  return listen(IGNORED, (signal) => {
    if (announced.has(signal)) return;
    announced.add(signal);
    onIgnored(signal);
  });
}

function listen<S extends Deno.Signal>(names: readonly S[], onSignal: (signal: S) => void): Disposable {
  const handlers = names.map((signal): [S, () => void] => [signal, () => onSignal(signal)]);
  for (const [signal, handler] of handlers) Deno.addSignalListener(signal, handler);
  return {
    [Symbol.dispose]: () => {
      for (const [signal, handler] of handlers) Deno.removeSignalListener(signal, handler);
    },
  };
}

/**
 * A signal that asks for something (SIGHUP, SIGUSR2), from when this is made until it is disposed of. Without it the
 * signal ends the process, as is right for SIGHUP in what runs in a terminal. What a service manager starts makes it
 * first of all: the signal may come at any time. Windows sends SIGHUP when the console is closed, and has no SIGUSR2.
 */
export class KeptSignal implements Disposable {
  #hasCome = false;
  #listener: (() => void) | undefined;
  readonly #listening: Disposable;

  constructor(signal: "SIGHUP" | "SIGUSR2") {
    this.#listening = listen(IS_WINDOWS && signal === "SIGUSR2" ? [] : [signal], () => {
      this.#hasCome = true;
      this.#listener?.();
    });
  }

  /** Calls `listener` at each signal from here on, and at once where one has come already. */
  listen(listener: () => void): void {
    this.#listener = listener;
    if (this.#hasCome) listener();
  }

  [Symbol.dispose](): void {
    this.#listener = undefined;
    this.#listening[Symbol.dispose]();
  }
}

/** Signals that came before anybody asked, and who asked before any came. */
export class SignalQueue {
  readonly #signals: EndSignal[] = [];
  readonly #waiting: ((signal: EndSignal) => void)[] = [];
  #lastMs = -Infinity;

  /** Takes a signal; one that comes within a second of the last one taken is the same, and is dropped. */
  push(signal: EndSignal, nowMs: number): void {
    if (nowMs - this.#lastMs < SAME_SIGNAL_MS) return;
    this.#lastMs = nowMs;
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
