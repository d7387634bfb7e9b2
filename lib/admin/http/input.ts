import type { Duplex } from "../../base/mod.ts";
import { headLength, MAX_HEAD_BYTES } from "./head.ts";
import { RequestError } from "./request_error.ts";

const READ_BYTES = 16 * 1024;

/** Received bytes that have not been consumed. At most one read is pending, whatever waits for it. */
export class Input {
  readonly #conn: Pick<Duplex, "read">;
  #bytes: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  #reading: Promise<boolean> | undefined;

  constructor(conn: Pick<Duplex, "read">) {
    this.#conn = conn;
  }

  /** How many bytes wait to be taken. */
  get length(): number {
    return this.#bytes.length;
  }

  /** Waits for more bytes; `false` at the end of the stream. @throws what reading throws. */
  more(): Promise<boolean> {
    return this.#reading ??= this.#read().finally(() => this.#reading = undefined);
  }

  /** Takes at most `limit` of the bytes that wait. */
  take(limit: number): Uint8Array<ArrayBuffer> {
    const taken = this.#bytes.subarray(0, limit);
    this.#bytes = this.#bytes.subarray(taken.length);
    return taken;
  }

  /** Takes the next head if it has come whole. @throws {RequestError} when it is larger than a head may be. */
  takeHead(): Uint8Array | undefined {
    // Empty lines before a request are ignored (RFC 9112 section 2.2).
    while (this.#bytes[0] === 13 && this.#bytes[1] === 10) this.take(2);
    const length = headLength(this.#bytes.subarray(0, MAX_HEAD_BYTES));
    if (length !== undefined) return this.take(length);
    if (this.#bytes.length >= MAX_HEAD_BYTES) {
      throw new RequestError(431, `the head is larger than ${MAX_HEAD_BYTES} bytes`);
    }
    return undefined;
  }

  /** Takes the next line without its CRLF. @throws {RequestError} when it is too long, or the stream ends. */
  async takeLine(maxBytes: number): Promise<string> {
    for (;;) {
      const at = this.#bytes.subarray(0, maxBytes).indexOf(10);
      if (at > 0 && this.#bytes[at - 1] === 13) {
        return String.fromCharCode(...this.take(at + 1).subarray(0, -2));
      }
      if (at !== -1 || this.#bytes.length >= maxBytes) throw new RequestError(400, "malformed chunked body");
      if (!await this.more()) throw new RequestError(400, "the body ended early");
    }
  }

  async #read(): Promise<boolean> {
    const buffer = new Uint8Array(READ_BYTES);
    const count = await this.#conn.read(buffer);
    if (count === null) return false;
    const bytes = new Uint8Array(this.#bytes.length + count);
    bytes.set(this.#bytes);
    bytes.set(buffer.subarray(0, count), this.#bytes.length);
    this.#bytes = bytes;
    return true;
  }
}
