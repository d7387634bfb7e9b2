import type { Duplex } from "../../lib/base/mod.ts";

/** How a {@link memoryPipe} behaves; what is left out behaves well. */
export interface MemoryPipeOptions {
  /** Bytes in flight before a write waits; default no limit. */
  readonly capacity?: number;
  /** The most bytes that one write takes, asked for each; default all that there is room for. */
  readonly writeLimit?: () => number;
  /** How many microtask turns an operation takes, asked for each; default none. */
  readonly turns?: () => number;
}

/** Bytes on their way from one end to the other. */
class Lane {
  readonly #pieces: Uint8Array[] = [];
  readonly #options: MemoryPipeOptions;
  #size = 0;
  #finished = false;
  #error: Error | undefined;
  #changed = Promise.withResolvers<void>();

  constructor(options: MemoryPipeOptions) {
    this.#options = options;
  }

  async read(buffer: Uint8Array): Promise<number | null> {
    await this.#turns();
    for (;;) {
      const piece = this.#pieces.shift();
      if (piece !== undefined) {
        const count = Math.min(piece.length, buffer.length);
        buffer.set(piece.subarray(0, count));
        if (count < piece.length) this.#pieces.unshift(piece.subarray(count));
        this.#size -= count;
        this.#wake();
        return count;
      }
      if (this.#error !== undefined) throw this.#error;
      if (this.#finished) return null;
      await this.#changed.promise;
    }
  }

  async write(bytes: Uint8Array): Promise<number> {
    await this.#turns();
    const { capacity = Infinity, writeLimit } = this.#options;
    for (;;) {
      if (this.#error !== undefined) throw this.#error;
      if (this.#finished) throw new Deno.errors.BrokenPipe("the write side is closed");
      const count = Math.min(bytes.length, capacity - this.#size, writeLimit?.() ?? Infinity);
      if (count > 0) {
        this.#pieces.push(bytes.slice(0, count));
        this.#size += count;
        this.#wake();
        return count;
      }
      await this.#changed.promise;
    }
  }

  finish(): void {
    this.#finished = true;
    this.#wake();
  }

  fail(error: Error): void {
    this.#error ??= error;
    this.#wake();
  }

  #wake(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers<void>();
  }

  async #turns(): Promise<void> {
    for (let left = this.#options.turns?.() ?? 0; left > 0; left--) await Promise.resolve();
  }
}

/** One end of a connection in memory, which counts what is done to it. */
export class MemoryDuplex implements Duplex {
  /** Length of the buffer of each read, in order. */
  readonly readSizes: number[] = [];
  /** Bytes that reads have given. */
  bytesRead = 0;
  /** Operations that have neither resolved nor rejected. */
  pending = 0;
  closes = 0;
  writeCloses = 0;
  readonly #incoming: Lane;
  readonly #outgoing: Lane;
  readonly #closed = Promise.withResolvers<never>();

  constructor(incoming: Lane, outgoing: Lane) {
    this.#incoming = incoming;
    this.#outgoing = outgoing;
    this.#closed.promise.catch(() => {});
  }

  async read(buffer: Uint8Array): Promise<number | null> {
    this.readSizes.push(buffer.length);
    const count = await this.#counted(() => this.#incoming.read(buffer));
    this.bytesRead += count ?? 0;
    return count;
  }

  write(bytes: Uint8Array): Promise<number> {
    return this.#counted(() => this.#outgoing.write(bytes));
  }

  async closeWrite(): Promise<void> {
    this.writeCloses++;
    await this.#counted(() => Promise.resolve(this.#outgoing.finish()));
  }

  /** Sends FIN, and what is pending here rejects; what was sent before can still be read, as in the runtime. */
  close(): void {
    this.closes++;
    this.#outgoing.finish();
    this.#closed.reject(new Deno.errors.Interrupted("operation canceled"));
  }

  /**
   * Sends RST: both ends fail, once what had come is read. With another error the network has lost the connection.
   */
  reset(error: Error = new Deno.errors.ConnectionReset("connection reset by peer")): void {
    this.#outgoing.fail(error);
    this.#incoming.fail(error);
  }

  /**
   * From here on, writes fail, and reads give what has come and then the end: so the kernel does when a write has been
   * the first to be told of an RST. A `halfDead` connection goes on giving what comes, which no kernel does.
   */
  breakWrites(error: Error, options: { readonly halfDead?: boolean } = {}): void {
    this.#outgoing.fail(error);
    if (!options.halfDead) this.#incoming.finish();
  }

  async #counted<T>(begin: () => Promise<T>): Promise<T> {
    if (this.closes > 0) throw new Deno.errors.BadResource("bad resource id");
    this.pending++;
    try {
      return await Promise.race([begin(), this.#closed.promise]);
    } finally {
      this.pending--;
    }
  }
}

/** Two ends of one connection in memory: what is written to one is read from the other. */
export function memoryPipe(options: MemoryPipeOptions = {}): [MemoryDuplex, MemoryDuplex] {
  const forth = new Lane(options);
  const back = new Lane(options);
  return [new MemoryDuplex(back, forth), new MemoryDuplex(forth, back)];
}
