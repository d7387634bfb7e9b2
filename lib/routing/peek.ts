import { type Duplex, MAX_TIMER_MS, WrappedDuplex } from "../base/mod.ts";

/** A parser's verdict: `need_more`, with a lower bound on the total it needs, or something final. */
export interface PeekVerdict {
  readonly kind: string;
  readonly atLeast?: number;
}

/** The final verdicts of a parser. */
export type Final<V extends PeekVerdict> = Exclude<V, { readonly kind: "need_more" }>;

/** Limits of a peek. */
export interface PeekOptions {
  /** Most bytes to hold; reading stops there. At least 1. */
  readonly maxBytes: number;
  /** Milliseconds from the call, whatever arrives; `Infinity` for no limit. */
  readonly timeoutMs: number;
  /** Gives up when aborted; default: never. */
  readonly signal?: AbortSignal;
}

/** How a peek ended. No outcome closes the connection. */
export type PeekOutcome<V> =
  /** The parser reached a final verdict. */
  | { readonly kind: "verdict"; readonly verdict: V }
  /** The time ran out. */
  | { readonly kind: "timeout" }
  /** The peer sent FIN. */
  | { readonly kind: "closed" }
  /** The parser needs more bytes than may be held. */
  | { readonly kind: "too_long" }
  /** The signal was aborted. */
  | { readonly kind: "aborted" }
  /** A read failed, with a reset for instance. */
  | { readonly kind: "failed"; readonly error: unknown };

/** Initial buffer; holds any common PROXY header and most TLS hellos. */
const FIRST_BUFFER_BYTES = 2048;

/** Wraps errors, because a rejected read may have no one awaiting it. */
type ReadResult = { readonly count: number | null } | { readonly error: unknown };

/**
 * A connection whose first bytes can be inspected before they are read. Reads return them first, unchanged, except
 * what {@link PeekedConnection.skip} dropped.
 *
 * It owns the connection it wraps: nothing else may use that one until {@link PeekedConnection.take}.
 */
export class PeekedConnection extends WrappedDuplex {
  #buffer = new Uint8Array();
  /** The held bytes are `#buffer` from `#start` to `#end`. */
  #start = 0;
  #end = 0;
  /**
   * A read left over from a timed-out peek: the runtime cannot cancel it, so its bytes still arrive at the buffer's
   * end.
   */
  #pending: Promise<ReadResult> | undefined;

  /** A view of the held bytes, valid until the next call of another method. */
  get bytes(): Uint8Array {
    return this.#buffer.subarray(this.#start, this.#end);
  }

  /**
   * Reads into the buffer until `parse` reaches a verdict, and consumes nothing. `parse` first sees the held bytes,
   * then all bytes after each read.
   *
   * A deadline or an abort leaves a read pending, which ends when bytes arrive or the connection is closed. Its bytes
   * are not lost: the next peek or read returns them.
   */
  async peekUntil<V extends PeekVerdict>(
    parse: (bytes: Uint8Array) => V,
    options: PeekOptions,
  ): Promise<PeekOutcome<Final<V>>> {
    using stop = new Stop(options);
    for (;;) {
      const said = parse(this.bytes);
      if (isFinal(said)) return { kind: "verdict", verdict: said };
      if (this.#end - this.#start >= options.maxBytes) return { kind: "too_long" };
      const wanted = Math.min(options.maxBytes, said.atLeast ?? 0);
      this.#pending ??= this.#startRead(wanted, options.maxBytes);
      const result = await Promise.race([this.#pending, stop.promise]);
      if ("kind" in result) return result;
      this.#pending = undefined;
      if ("error" in result) return { kind: "failed", error: result.error };
      if (result.count === null) return { kind: "closed" };
      this.#end += result.count;
    }
  }

  /** Drops held bytes, such as a parsed header. */
  skip(length: number): void {
    if (!(length >= 0 && length <= this.#end - this.#start)) {
      throw new RangeError(`skip peeked bytes: ${length} is outside 0 to ${this.#end - this.#start}`);
    }
    this.#start += length;
  }

  /**
   * Unwraps the connection and the held bytes; the wrapper must not be used afterwards. Returns `undefined` while a
   * read is still pending after a deadline: the wrapper is then still needed.
   */
  take(): { readonly conn: Duplex; readonly bytes: Uint8Array } | undefined {
    if (this.#pending !== undefined) return undefined;
    const bytes = this.bytes;
    this.#buffer = new Uint8Array();
    this.#start = this.#end = 0;
    return { conn: this.conn, bytes };
  }

  override async read(buffer: Uint8Array): Promise<number | null> {
    if (this.#end === this.#start) {
      if (this.#pending === undefined) return await this.conn.read(buffer);
      const result = await this.#pending;
      this.#pending = undefined;
      if ("error" in result) throw result.error;
      if (result.count === null) return null;
      this.#end += result.count;
    }
    const count = Math.min(buffer.length, this.#end - this.#start);
    buffer.set(this.#buffer.subarray(this.#start, this.#start + count));
    this.#start += count;
    if (this.#start === this.#end && this.#pending === undefined) {
      this.#buffer = new Uint8Array();
      this.#start = this.#end = 0;
    }
    return count;
  }

  #startRead(wanted: number, maxBytes: number): Promise<ReadResult> {
    const held = this.#end - this.#start;
    if (this.#end === this.#buffer.length || this.#buffer.length - this.#start < wanted) {
      const size = Math.min(maxBytes, Math.max(FIRST_BUFFER_BYTES, 2 * held, wanted));
      const larger = new Uint8Array(size);
      larger.set(this.bytes);
      this.#buffer = larger;
      this.#start = 0;
      this.#end = held;
    }
    const room = this.#buffer.subarray(this.#end, Math.min(this.#buffer.length, this.#start + maxBytes));
    return this.conn.read(room).then((count) => ({ count }), (error: unknown) => ({ error }));
  }
}

function isFinal<V extends PeekVerdict>(said: V): said is Final<V> {
  return said.kind !== "need_more";
}

/** Ends a peek by timeout or signal. Disposing of it removes its timer and listener. */
class Stop {
  readonly promise: Promise<{ readonly kind: "timeout" } | { readonly kind: "aborted" }>;
  readonly #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #signal: AbortSignal | undefined;
  readonly #onAbort: () => void;

  constructor(options: PeekOptions) {
    const { promise, resolve } = Promise.withResolvers<{ kind: "timeout" } | { kind: "aborted" }>();
    this.promise = promise;
    this.#onAbort = () => resolve({ kind: "aborted" });
    this.#signal = options.signal;
    if (options.timeoutMs <= MAX_TIMER_MS) {
      this.#timer = setTimeout(() => resolve({ kind: "timeout" }), options.timeoutMs);
    }
    if (this.#signal?.aborted) this.#onAbort();
    else this.#signal?.addEventListener("abort", this.#onAbort, { once: true });
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#signal?.removeEventListener("abort", this.#onAbort);
  }
}
