import type { Duplex } from "../../../lib/base/mod.ts";

/**
 * A connection whose peer sends the given pieces and then stays silent, sends FIN, or resets. A piece that does not fit
 * into the buffer of a read is given in parts. Closing it rejects the pending read, as the runtime does.
 */
export class ScriptedDuplex implements Duplex {
  readonly #pieces: Uint8Array[];
  readonly #end: "silence" | "fin" | "reset";
  #rejectRead: ((error: Error) => void) | undefined;
  #resolveRead: (() => void) | undefined;
  #isReading = false;
  readonly written: Uint8Array[] = [];
  closes = 0;
  writeCloses = 0;
  /** How often a read was begun. */
  reads = 0;

  constructor(pieces: readonly Uint8Array[], end: "silence" | "fin" | "reset") {
    this.#pieces = [...pieces];
    this.#end = end;
  }

  /** Sends one more piece, to a read that waits for it too. */
  send(piece: Uint8Array): void {
    this.#pieces.push(piece);
    this.#resolveRead?.();
  }

  async read(buffer: Uint8Array): Promise<number | null> {
    if (buffer.length === 0) throw new Error("read: the buffer is empty; expected room for a byte");
    if (this.#isReading) throw new Error("read: another read is under way; expected one at a time");
    this.#isReading = true;
    this.reads++;
    try {
      return await this.#read(buffer);
    } finally {
      this.#isReading = false;
    }
  }

  async #read(buffer: Uint8Array): Promise<number | null> {
    if (this.#pieces.length === 0) {
      if (this.#end === "fin") return null;
      if (this.#end === "reset") throw new Deno.errors.ConnectionReset("connection reset by peer");
      await new Promise<void>((resolve, reject) => {
        this.#resolveRead = resolve;
        this.#rejectRead = reject;
      });
    }
    const piece = this.#pieces.shift() ?? new Uint8Array();
    const count = Math.min(buffer.length, piece.length);
    buffer.set(piece.subarray(0, count));
    if (count < piece.length) this.#pieces.unshift(piece.subarray(count));
    return count;
  }

  write(bytes: Uint8Array): Promise<number> {
    this.written.push(bytes.slice());
    return Promise.resolve(bytes.length);
  }

  closeWrite(): Promise<void> {
    this.writeCloses++;
    return Promise.resolve();
  }

  close(): void {
    this.closes++;
    this.#rejectRead?.(new Deno.errors.Interrupted("operation canceled"));
  }
}
