/** What ends a dial: an `AbortSignal`, or something cheaper, of which one is made only where the runtime needs it. */
export interface CancelSignal {
  readonly aborted: boolean;
  readonly reason: unknown;
  addEventListener(type: "abort", listener: () => void): void;
  removeEventListener(type: "abort", listener: () => void): void;
  /** The same as a signal of the runtime. Default: it is one. */
  toAbortSignal?(): AbortSignal;
}

/** The same as a signal of the runtime. */
export function abortSignalOf(signal: CancelSignal): AbortSignal {
  if (signal instanceof AbortSignal) return signal;
  if (signal.toAbortSignal === undefined) throw new TypeError("cancel: not a signal of the runtime");
  return signal.toAbortSignal();
}
