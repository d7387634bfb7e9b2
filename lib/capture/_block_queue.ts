/** A bounded queue of blocks. */
export class BlockQueue {
  readonly #maxBytes: number;
  #blocks: Uint8Array<ArrayBuffer>[] = [];
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Whether a block of so many bytes has room. */
  hasRoom(bytes: number): boolean {
    return this.#bytes + bytes <= this.#maxBytes + (bytes <= SMALL_BYTES ? RESERVE_BYTES : 0);
  }

  add(block: Uint8Array<ArrayBuffer>): void {
    this.#blocks.push(block);
    this.#bytes += block.length;
  }

  /** Takes whole blocks, the oldest first: at most `maxBytes`, but at least one block if there is any. */
  take(maxBytes: number): Uint8Array<ArrayBuffer> {
    let count = 0;
    let bytes = 0;
    for (const { length } of this.#blocks) {
      if (count > 0 && bytes + length > maxBytes) break;
      count++;
      bytes += length;
    }
    const taken = new Uint8Array(bytes);
    let at = 0;
    for (const block of this.#blocks.splice(0, count)) {
      taken.set(block, at);
      at += block.length;
    }
    this.#bytes -= bytes;
    return taken;
  }
}

/** A packet without data, and its comment. */
const SMALL_BYTES = 1024;

/** Kept for packets without data: a full queue must not lose how a session ended. */
const RESERVE_BYTES = 128 * 1024;
