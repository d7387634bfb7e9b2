/**
 * Reads numbers and vectors in network byte order, never past the end.
 *
 * A read beyond the end returns zeros or nothing, empties the reader and sets {@link ByteReader.overrun}. So a parser
 * can check once after several reads, and loops over {@link ByteReader.remaining} terminate.
 */
export class ByteReader {
  readonly #bytes: Uint8Array;
  #at = 0;
  #overrun = false;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Whether a read went beyond the end. */
  get overrun(): boolean {
    return this.#overrun;
  }

  /** Bytes not yet read. */
  get remaining(): number {
    return this.#bytes.length - this.#at;
  }

  /** Offset of the next byte in the reader's input. */
  get offset(): number {
    return this.#at;
  }

  /** Reads one byte. */
  uint8(): number {
    return this.bytes(1)[0] ?? 0;
  }

  /** Reads two bytes. */
  uint16(): number {
    const pair = this.bytes(2);
    return ((pair[0] ?? 0) << 8) | (pair[1] ?? 0);
  }

  /** Reads four bytes, unsigned. */
  uint32(): number {
    return this.uint16() * 0x1_0000 + this.uint16();
  }

  /** Returns a view of the next `length` bytes; empty if there are fewer. */
  bytes(length: number): Uint8Array {
    const start = this.#at;
    if (length > this.remaining) {
      this.#overrun = true;
      this.#at = this.#bytes.length;
      return this.#bytes.subarray(this.#at);
    }
    this.#at += length;
    return this.#bytes.subarray(start, this.#at);
  }

  /** Returns a view of a vector with a one-byte length. */
  vector8(): Uint8Array {
    return this.bytes(this.uint8());
  }

  /** Returns a view of a vector with a two-byte length. */
  vector16(): Uint8Array {
    return this.bytes(this.uint16());
  }
}

/** Decodes bytes one character each, so that different bytes never give the same text. */
export function latin1(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}
