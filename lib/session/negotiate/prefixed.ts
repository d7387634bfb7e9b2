import { type Duplex, WrappedDuplex } from "../../base/mod.ts";
import type { Rewrite } from "../../protocol/mod.ts";

/** How a {@link PrefixedConnection} changes what is read. */
export interface PrefixOptions {
  /** Read first. */
  readonly lead?: Uint8Array;
  /** Changes what follows, until it is done. */
  readonly rewrite?: Rewrite | undefined;
}

/** A read of this size holds whatever a rewrite is about. */
const REWRITE_BYTES = 4096;

/** A connection of which something else is read first. It owns the one that it is made of. */
export class PrefixedConnection extends WrappedDuplex {
  readonly #rewrite: Rewrite | undefined;
  #lead: Uint8Array;

  constructor(conn: Duplex, { lead = new Uint8Array(), rewrite }: PrefixOptions) {
    super(conn);
    this.#lead = lead;
    this.#rewrite = rewrite;
  }

  override read(buffer: Uint8Array): Promise<number | null> {
    if (this.#lead.length > 0) return Promise.resolve(this.#take(buffer));
    return this.#rewrite === undefined || this.#rewrite.done
      ? this.conn.read(buffer)
      : this.#readRewritten(this.#rewrite, buffer);
  }

  async #readRewritten(rewrite: Rewrite, buffer: Uint8Array): Promise<number | null> {
    const chunk = new Uint8Array(REWRITE_BYTES);
    while (this.#lead.length === 0) {
      const count = await this.conn.read(chunk);
      this.#lead = count === null ? rewrite.end() : rewrite.feed(chunk.slice(0, count));
      if (count === null) break;
    }
    if (this.#lead.length === 0) return null;
    return this.#take(buffer);
  }

  #take(buffer: Uint8Array): number {
    const count = Math.min(buffer.length, this.#lead.length);
    buffer.set(this.#lead.subarray(0, count));
    this.#lead = this.#lead.subarray(count);
    return count;
  }
}
