import type { Connection } from "../../net/mod.ts";

/** The longest line: that of a config with as many listeners and apps as there may be. */
const MAX_LINE_BYTES = 64 * 1024 * 1024;

const LINE_FEED = 10;

/** Lines of text over a connection of two processes. */
export class LineChannel {
  readonly #conn: Connection;
  #bytes = new Uint8Array(64 * 1024);
  #length = 0;
  #isClosed = false;

  constructor(conn: Connection) {
    this.#conn = conn;
  }

  /** Sends a value as a line of JSON. @throws the system's error, once the other side is gone. */
  async send(message: unknown): Promise<void> {
    const bytes = new TextEncoder().encode(`${JSON.stringify(message)}\n`);
    for (let sent = 0; sent < bytes.length;) sent += await this.#conn.write(bytes.subarray(sent));
  }

  /**
   * Waits for the next line; `undefined` when the other side has ended. One at a time.
   *
   * @throws the system's error, and {@link RangeError} for a line above 64 MiB.
   */
  async next(): Promise<string | undefined> {
    let searched = 0;
    for (;;) {
      const end = this.#bytes.subarray(0, this.#length).indexOf(LINE_FEED, searched);
      if (end >= 0) {
        const line = new TextDecoder().decode(this.#bytes.subarray(0, end));
        this.#bytes.copyWithin(0, end + 1, this.#length);
        this.#length -= end + 1;
        return line;
      }
      searched = this.#length;
      this.#makeRoom();
      const count = await this.#conn.read(this.#bytes.subarray(this.#length));
      if (count === null) return undefined;
      this.#length += count;
    }
  }

  /** Ends it; a read that waits rejects. Idempotent. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#conn.close();
  }

  #makeRoom(): void {
    if (this.#length < this.#bytes.length) return;
    if (this.#length >= MAX_LINE_BYTES) throw new RangeError("a line of the hand-over is too long");
    const larger = new Uint8Array(this.#bytes.length * 2);
    larger.set(this.#bytes);
    this.#bytes = larger;
  }
}
