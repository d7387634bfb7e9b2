/** Blocks that wait to be sent. */
export class BlockQueue {
  readonly #blocks: Uint8Array<ArrayBuffer>[] = [];
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  add(block: Uint8Array<ArrayBuffer>): void {
    this.#blocks.push(block);
    this.#bytes += block.length;
  }

  /** Takes all, as one piece. */
  take(): Uint8Array<ArrayBuffer> {
    const taken = new Uint8Array(this.#bytes);
    let at = 0;
    for (const block of this.#blocks.splice(0)) {
      taken.set(block, at);
      at += block.length;
    }
    this.#bytes = 0;
    return taken;
  }
}
