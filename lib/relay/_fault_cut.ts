import type { Duplex } from "../base/mod.ts";

/** When a {@link CuttingDuplex} cuts. */
export interface CutOptions {
  /** Bytes that are written before the cut; at least 1. */
  readonly afterBytes: number;
  /** Whether the fault still acts; asked at each write. */
  isActive(): boolean;
  /** Ends the relay; called in the same turn in which the last of the bytes was taken. */
  cut(): void;
}

/** A connection that takes exactly so many bytes, and then the relay is cut. */
export class CuttingDuplex implements Duplex {
  readonly #conn: Duplex;
  readonly #options: CutOptions;
  #left: number;

  constructor(conn: Duplex, options: CutOptions) {
    this.#conn = conn;
    this.#options = options;
    this.#left = options.afterBytes;
  }

  read(buffer: Uint8Array): Promise<number | null> {
    return this.#conn.read(buffer);
  }

  async write(bytes: Uint8Array): Promise<number> {
    if (!this.#options.isActive()) return await this.#conn.write(bytes);
    // The connection is closed, and a chunk of which it took a part is still being written.
    if (this.#left === 0) throw new Error("write: a fault has cut the connection");
    const count = await this.#conn.write(bytes.subarray(0, this.#left));
    this.#left -= count;
    if (this.#left === 0 && this.#options.isActive()) this.#options.cut();
    return count;
  }

  closeWrite(): Promise<void> {
    return this.#conn.closeWrite();
  }

  setNoDelay(on = true): void {
    this.#conn.setNoDelay?.(on);
  }

  close(): void {
    this.#conn.close();
  }
}
