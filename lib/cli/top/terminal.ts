import { type Key, KeyReader } from "./input/keys.ts";
import { ENTER, LEAVE } from "./screen/screen.ts";
import type { Size } from "./state.ts";

/** Why a terminal is to be given back. */
export type TerminalEnd =
  | { readonly kind: "signal"; readonly signal: Deno.Signal }
  /** It is gone: nothing can be read or written any more. */
  | { readonly kind: "gone" }
  | { readonly kind: "error"; readonly error: unknown };

export interface TerminalHandlers {
  onKeys(keys: readonly Key[]): void;
  /** Its size has changed, or something else has drawn on it. */
  onResize(): void;
  /** Called once. */
  onEnd(end: TerminalEnd): void;
}

/** How long the rest of a key's sequence may take; what takes longer was the Escape key. */
const ESCAPE_MS = 40;

const IS_WINDOWS = Deno.build.os === "windows";
const END_SIGNALS: readonly Deno.Signal[] = IS_WINDOWS
  ? ["SIGINT", "SIGBREAK", "SIGHUP"]
  : ["SIGINT", "SIGTERM", "SIGQUIT", "SIGHUP"];

/** When stdout reports no size, as some terminals over serial lines do. */
const DEFAULT_SIZE: Size = { columns: 80, rows: 24 };

/** Whether keys can be read and a screen be drawn. */
export function isInteractive(): boolean {
  return Deno.stdin.isTerminal() && Deno.stdout.isTerminal();
}

/**
 * The terminal, taken over: raw, on its alternate screen. Disposing of it gives it back as it was; so every way out has to
 * lead past there, which `using` sees to. Errors that nobody catches are caught here, for the same reason.
 */
export class Terminal implements Disposable {
  readonly #handlers: TerminalHandlers;
  readonly #reader = new KeyReader();
  readonly #undo: (() => void)[] = [];
  #escape: ReturnType<typeof setTimeout> | undefined;
  #isOpen = true;

  constructor(handlers: TerminalHandlers) {
    this.#handlers = handlers;
    for (const signal of END_SIGNALS) this.#onSignal(signal, () => this.#end({ kind: "signal", signal }));
    this.#onSignal("SIGWINCH", () => this.#handlers.onResize());
    // Stopped and continued: the shell has used the terminal meanwhile.
    if (!IS_WINDOWS) {
      this.#onSignal("SIGCONT", () => {
        this.#takeOver();
        this.#handlers.onResize();
      });
    }
    this.#onUncaught();
    this.#takeOver();
    void this.#read();
  }

  get size(): Size {
    try {
      const { columns, rows } = Deno.consoleSize();
      return columns > 0 && rows > 0 ? { columns, rows } : DEFAULT_SIZE;
    } catch (error) {
      // Nothing is connected to a terminal any more: reading finds that out, and ends it.
      if (error instanceof Error) return DEFAULT_SIZE;
      throw error;
    }
  }

  /** Writes, as fast as the terminal takes it. */
  async write(text: string): Promise<void> {
    const bytes = new TextEncoder().encode(text);
    try {
      for (let written = 0; written < bytes.length && this.#isOpen;) {
        written += await Deno.stdout.write(bytes.subarray(written));
      }
    } catch (error) {
      this.#end(isGone(error) ? { kind: "gone" } : { kind: "error", error });
    }
  }

  [Symbol.dispose](): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    clearTimeout(this.#escape);
    for (const undo of this.#undo.splice(0).reverse()) undo();
    attempt(() => writeNow(LEAVE));
    attempt(() => Deno.stdin.setRaw(false));
  }

  #takeOver(): void {
    if (!this.#isOpen) return;
    attempt(() => Deno.stdin.setRaw(true));
    attempt(() => writeNow(ENTER));
  }

  async #read(): Promise<void> {
    const buffer = new Uint8Array(4096);
    try {
      while (this.#isOpen) {
        const count = await Deno.stdin.read(buffer);
        if (!this.#isOpen) return;
        if (count === null) return this.#end({ kind: "gone" });
        clearTimeout(this.#escape);
        this.#send(this.#reader.read(buffer.subarray(0, count)));
        if (this.#reader.isWaiting) {
          this.#escape = setTimeout(() => this.#send(this.#reader.flush()), ESCAPE_MS);
        }
      }
    } catch (error) {
      this.#end(isGone(error) ? { kind: "gone" } : { kind: "error", error });
    }
  }

  #send(keys: readonly Key[]): void {
    if (this.#isOpen && keys.length > 0) this.#handlers.onKeys(keys);
  }

  #end(end: TerminalEnd): void {
    if (this.#isOpen) this.#handlers.onEnd(end);
  }

  #onSignal(signal: Deno.Signal, handle: () => void): void {
    Deno.addSignalListener(signal, handle);
    this.#undo.push(() => Deno.removeSignalListener(signal, handle));
  }

  #onUncaught(): void {
    const onError = (event: ErrorEvent): void => {
      event.preventDefault();
      this.#end({ kind: "error", error: event.error });
    };
    const onRejection = (event: PromiseRejectionEvent): void => {
      event.preventDefault();
      this.#end({ kind: "error", error: event.reason });
    };
    globalThis.addEventListener("error", onError);
    globalThis.addEventListener("unhandledrejection", onRejection);
    this.#undo.push(() => {
      globalThis.removeEventListener("error", onError);
      globalThis.removeEventListener("unhandledrejection", onRejection);
    });
  }
}

/** Writes at once: nothing may come between this and the end of the process. */
function writeNow(text: string): void {
  const bytes = new TextEncoder().encode(text);
  for (let written = 0; written < bytes.length;) written += Deno.stdout.writeSync(bytes.subarray(written));
}

/** Runs what fails only when the terminal is gone, where nobody is left to see an error. */
function attempt(act: () => void): void {
  try {
    act();
  } catch (error) {
    if (!(error instanceof Error)) throw error;
  }
}

/** EIO: the terminal has hung up. */
function isGone(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return code === "EIO" || code === "EPIPE" || code === "EBADF";
}
