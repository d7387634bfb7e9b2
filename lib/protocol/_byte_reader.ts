/**
 * Reads numbers and vectors in network order and never past the end.
 *
 * Asking for more than there is gives zeros or nothing, empties the reader and raises {@link ByteReader.overrun}, so that
 * a parser checks once after several reads and its loops over {@link ByteReader.remaining} end by themselves.
 */
export class ByteReader {
  readonly #bytes: Uint8Array;
  #at = 0;
  #overrun = false;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Whether more was asked for than there was. */
  get overrun(): boolean {
    return this.#overrun;
  }

  /** Bytes not yet read. */
  get remaining(): number {
    return this.#bytes.length - this.#at;
  }

  /** Where the next byte lies in what the reader was made of. */
  get offset(): number {
    return this.#at;
  }

  /** The next byte. */
  uint8(): number {
    return this.bytes(1)[0] ?? 0;
  }

  /** The next two bytes. */
  uint16(): number {
    const pair = this.bytes(2);
    return ((pair[0] ?? 0) << 8) | (pair[1] ?? 0);
  }

  /** The next four bytes, unsigned. */
  uint32(): number {
    return this.uint16() * 0x1_0000 + this.uint16();
  }

  /** A view on the next `length` bytes, none when there are fewer. */
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

  /** A view on what a length of one byte announces. */
  vector8(): Uint8Array {
    return this.bytes(this.uint8());
  }

  /** A view on what a length of two bytes announces. */
  vector16(): Uint8Array {
    return this.bytes(this.uint16());
  }
}

/** Bytes as text, one character a byte, so that different bytes are never the same text. */
export function latin1(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}
