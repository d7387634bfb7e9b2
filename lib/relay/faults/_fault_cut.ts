import { type Duplex, WrappedDuplex } from "../../base/mod.ts";

/** Options of a {@link CuttingDuplex}. */
export interface CutOptions {
  /** Bytes written before the cut; at least 1. */
  readonly afterBytes: number;
  /** Whether the fault is still active; checked at each write. */
  isActive(): boolean;
  /** Ends the relay; called in the same turn in which the last byte was accepted. */
  cut(): void;
}

/** A connection that cuts the relay after a given number of written bytes. */
export class CuttingDuplex extends WrappedDuplex {
  readonly #options: CutOptions;
  #left: number;

  constructor(conn: Duplex, options: CutOptions) {
    super(conn);
    this.#options = options;
    this.#left = options.afterBytes;
  }

  override async write(bytes: Uint8Array): Promise<number> {
    if (!this.#options.isActive()) return await this.conn.write(bytes);
    // The connection is closed, but the rest of a partly written chunk is still being written.
    if (this.#left === 0) throw new Error("write: connection cut by a fault");
    const count = await this.conn.write(bytes.subarray(0, this.#left));
    this.#left -= count;
    if (this.#left === 0 && this.#options.isActive()) this.#options.cut();
    return count;
  }
}
