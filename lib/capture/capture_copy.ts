import { blocksIn, PCAPNG_BLOCK, statisticsOf } from "../protocol/mod.ts";

/** The part of a capture that has been copied. */
export interface CopiedCapture {
  readonly packets: number;
  readonly bytes: number;
  /** Packets that were lost, as far as the capture says; `undefined` until it has ended. */
  readonly dropped: number | undefined;
  /** Why it ended, in words; `undefined` until it has. */
  readonly end: string | undefined;
}

/**
 * Copies a capture that arrives in pieces, block by block: wherever it is cut off, the copy is a complete file.
 */
export class CaptureCopy implements CopiedCapture {
  packets = 0;
  bytes = 0;
  dropped: number | undefined;
  end: string | undefined;
  #rest: Uint8Array<ArrayBuffer> = new Uint8Array(0);

  /**
   * Takes a piece and returns the blocks that are now complete, if any.
   *
   * @throws {RangeError} when it is no capture.
   */
  take(piece: Uint8Array): Uint8Array {
    const bytes = new Uint8Array(this.#rest.length + piece.length);
    bytes.set(this.#rest);
    bytes.set(piece, this.#rest.length);
    let whole = 0;
    for (const block of blocksIn(bytes)) {
      whole += block.length;
      if (block.type === PCAPNG_BLOCK.packet) this.packets++;
      if (block.type !== PCAPNG_BLOCK.statistics) continue;
      const { dropped, comment } = statisticsOf(bytes.subarray(block.start, block.start + block.length));
      this.dropped = (this.dropped ?? 0) + dropped;
      this.end = comment.replace(/^capture ended: /, "");
    }
    this.bytes += whole;
    this.#rest = bytes.slice(whole);
    return bytes.subarray(0, whole);
  }
}
