/** One element of DER (X.690 section 8.1). */
export interface DerElement {
  readonly tag: number;
  /** The content. */
  readonly content: Uint8Array;
  /** The content with tag and length. */
  readonly whole: Uint8Array;
}

/** Tags that X.509 uses. */
export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  objectId: 0x06,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  explicit0: 0xa0,
  explicit3: 0xa3,
} as const;

/** Malformed or unexpected DER. */
export class DerError extends Error {
  override readonly name = "DerError";
}

/**
 * Reads DER elements in sequence.
 *
 * Strict: rejects lengths that are indefinite, longer than needed or past the end, and tags of more than one byte.
 */
export class DerReader {
  readonly #bytes: Uint8Array;
  #offset = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#offset >= this.#bytes.length;
  }

  /** The tag of the next element; `undefined` at the end. */
  get nextTag(): number | undefined {
    return this.#bytes[this.#offset];
  }

  /**
   * Reads the next element.
   *
   * @throws {DerError} when it is malformed, or has another tag than `tag`.
   */
  read(tag?: number): DerElement {
    const start = this.#offset;
    const found = this.#byte();
    if ((found & 0x1f) === 0x1f) throw new DerError("a tag is longer than a byte");
    const length = this.#length();
    const from = this.#offset;
    if (from + length > this.#bytes.length) throw new DerError("an element is cut off");
    if (tag !== undefined && found !== tag) throw new DerError(`tag ${found} where ${tag} was expected`);
    this.#offset = from + length;
    return {
      tag: found,
      content: this.#bytes.subarray(from, this.#offset),
      whole: this.#bytes.subarray(start, this.#offset),
    };
  }

  /** Reads the next element if it has one of these tags. */
  readOptional(...tags: readonly number[]): DerElement | undefined {
    return this.nextTag !== undefined && tags.includes(this.nextTag) ? this.read() : undefined;
  }

  /**
   * Asserts the end of input.
   *
   * @throws {DerError} when bytes are left.
   */
  end(): void {
    if (!this.isAtEnd) throw new DerError("bytes follow the last element");
  }

  #byte(): number {
    const byte = this.#bytes[this.#offset];
    if (byte === undefined) throw new DerError("an element is cut off");
    this.#offset += 1;
    return byte;
  }

  #length(): number {
    const first = this.#byte();
    if (first < 0x80) return first;
    const count = first & 0x7f;
    if (count === 0 || count > 4) throw new DerError("a length is not valid in DER");
    let length = 0;
    for (let i = 0; i < count; i++) length = length * 256 + this.#byte();
    if (length < 0x80 || length < 256 ** (count - 1)) throw new DerError("a length is longer than needed");
    return length;
  }
}

/** Returns bytes in hex, without separators. */
export function hexOf(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += byte.toString(16).padStart(2, "0");
  return text;
}
