import { type Duplex, MAX_TIMER_MS } from "../base/mod.ts";

/** What a parser says of bytes: `need_more`, with a hint of how many it takes in all at least, or something final. */
export interface PeekVerdict {
  readonly kind: string;
  readonly atLeast?: number;
}

/** What of a parser's verdicts is final. */
export type Final<V extends PeekVerdict> = Exclude<V, { readonly kind: "need_more" }>;

/** How long and how far to look. */
export interface PeekOptions {
  /** The most bytes that are held; reading stops there. At least 1. */
  readonly maxBytes: number;
  /** Milliseconds from the call on, whatever arrives meanwhile; `Infinity` for no limit. */
  readonly timeoutMs: number;
  /** Gives up when aborted; default never. */
  readonly signal?: AbortSignal;
}

/** How looking ended. None of them closes the connection. */
export type PeekOutcome<V> =
  /** The parser said something else than `need_more`. */
  | { readonly kind: "verdict"; readonly verdict: V }
  /** The time was over first. */
  | { readonly kind: "timeout" }
  /** The peer sent FIN first. */
  | { readonly kind: "closed" }
  /** As many bytes as may be held are there, and the parser wants more. */
  | { readonly kind: "too_long" }
  /** The signal was aborted first. */
  | { readonly kind: "aborted" }
  /** Reading failed: a reset, for instance. */
  | { readonly kind: "failed"; readonly error: unknown };

/** A first buffer that holds any PROXY header that is common and most hellos of TLS. */
const FIRST_BUFFER_BYTES = 2048;

/** A read never rejects here: nobody may be waiting for it when it ends. */
type ReadResult = { readonly count: number | null } | { readonly error: unknown };

/**
 * A connection whose first bytes can be looked at before they are read. Reading gives them first, unchanged, then what
 * follows; what {@link PeekedConnection.skip} dropped never comes.
 *
 * It owns the connection that it is made of: nobody else touches that one until {@link PeekedConnection.take}.
 */
export class PeekedConnection implements Duplex {
  readonly #conn: Duplex;
  #buffer = new Uint8Array();
  /** The bytes held are `#buffer` from `#start` to `#end`. */
  #start = 0;
  #end = 0;
  /** A read that looking gave up on: the runtime cannot cancel it, so its bytes still come to the buffer's end. */
  #pending: Promise<ReadResult> | undefined;

  constructor(conn: Duplex) {
    this.#conn = conn;
  }

  /** A view on the bytes held, valid until the next call of another method. */
  get bytes(): Uint8Array {
    return this.#buffer.subarray(this.#start, this.#end);
  }

  /**
   * Reads into the buffer until `parse` knows what it sees, and consumes nothing. The parser is asked first about what
   * is held already, then after each read about all of it.
   *
   * A deadline or an abort leaves a read under way, which ends when bytes come or the connection is closed. Its
   * bytes are not lost: the next look or read gives them.
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

  /** Drops bytes that are held: a header that has been understood. */
  skip(length: number): void {
    if (!(length >= 0 && length <= this.#end - this.#start)) {
      throw new RangeError(`skip peeked bytes: ${length} is outside 0 to ${this.#end - this.#start}`);
    }
    this.#start += length;
  }

  /**
   * Gives the connection itself and the bytes that were held, for who wants to relay it without this wrapper; which
   * must not be used any more. `undefined` while a read is under way after a deadline: the wrapper is still needed then.
   */
  take(): { readonly conn: Duplex; readonly bytes: Uint8Array } | undefined {
    if (this.#pending !== undefined) return undefined;
    const bytes = this.bytes;
    this.#buffer = new Uint8Array();
    this.#start = this.#end = 0;
    return { conn: this.#conn, bytes };
  }

  async read(buffer: Uint8Array): Promise<number | null> {
    if (this.#end === this.#start) {
      if (this.#pending === undefined) return await this.#conn.read(buffer);
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

  write(bytes: Uint8Array): Promise<number> {
    return this.#conn.write(bytes);
  }

  closeWrite(): Promise<void> {
    return this.#conn.closeWrite();
  }

  setNoDelay(on = true): void {
    this.#conn.setNoDelay?.(on);
  }

  setKeepAlive(on = true): void {
    this.#conn.setKeepAlive?.(on);
  }

  /** Frees the connection; a read under way ends, and what it ends with is nobody's concern any more. */
  close(): void {
    this.#conn.close();
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
    return this.#conn.read(room).then((count) => ({ count }), (error: unknown) => ({ error }));
  }
}

function isFinal<V extends PeekVerdict>(said: V): said is Final<V> {
  return said.kind !== "need_more";
}

/** What ends looking from outside: the time or the signal. Disposed of, it leaves neither timer nor listener behind. */
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
