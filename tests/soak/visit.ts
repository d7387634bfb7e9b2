import type { Random } from "../../lib/base/mod.ts";
import { connectTo } from "../helpers/clients.ts";
import { isPattern, patternAt } from "./pattern.ts";

/** What a visit saw that no visit should. */
export class SoakError extends Error {
  override readonly name: string = "SoakError";
}

/** Bytes that differ from those that were sent, which nothing excuses. */
export class WrongBytesError extends SoakError {
  override readonly name = "WrongBytesError";
}

const PIECE_BYTES = 64 * 1024;

/** One client's stay: it owns its connections, closes them at its end, and at the latest at its deadline. */
export class Visit implements Disposable {
  readonly random: Random;
  /** Connections that the proxy has accepted from it. */
  connections = 0;
  /** Bytes received and compared. */
  verified = 0;
  /** Whether it was ended by its deadline. */
  isLate = false;
  /** When the reply was complete, for those whose latency counts. */
  answeredAtMs: number | undefined;
  readonly #owned = new Set<{ close(): void }>();
  readonly #timer: ReturnType<typeof setTimeout>;
  readonly #wakes = new Set<() => void>();

  constructor(random: Random, deadlineMs: number) {
    this.random = random;
    this.#timer = setTimeout(() => {
      this.isLate = true;
      this[Symbol.dispose]();
    }, deadlineMs);
  }

  /** A whole number from `from` to `to`. */
  between(from: number, to: number): number {
    return from + Math.floor(this.random() * (to - from + 1));
  }

  async connect(port: number): Promise<Deno.TcpConn> {
    const conn = await connectTo(port);
    conn.setNoDelay();
    this.connections++;
    return this.own(conn);
  }

  /** Closes it with the visit. */
  own<T extends { close(): void }>(resource: T): T {
    this.#owned.add(resource);
    return resource;
  }

  /** Waits; the visit's end ends it. */
  async pause(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, ms);
    this.#wakes.add(resolve);
    await promise;
    clearTimeout(timer);
    this.#wakes.delete(resolve);
    if (this.isLate) throw new SoakError("pause: the visit is over");
  }

  /** Sends so much of the endless stream. */
  async send(conn: Pick<Deno.Conn, "write">, from: number, length: number): Promise<void> {
    for (let sent = 0; sent < length;) {
      sent += await conn.write(patternAt(from + sent, Math.min(PIECE_BYTES, length - sent)));
    }
  }

  /** Receives so much of it, and compares every byte; `pauseMs` between reads makes a slow reader. */
  async receive(
    conn: Pick<Deno.Conn, "read">,
    from: number,
    length: number,
    pauseMs: number = 0,
  ): Promise<void> {
    const buffer = new Uint8Array(PIECE_BYTES);
    for (let received = 0; received < length;) {
      const count = await conn.read(buffer.subarray(0, Math.min(buffer.length, length - received)));
      if (count === null) {
        throw new SoakError(`receive: the end came after ${received} bytes; expected ${length}`);
      }
      this.compare(buffer.subarray(0, count), from + received);
      received += count;
      if (pauseMs > 0) await this.pause(pauseMs);
    }
  }

  /** Takes bytes for those of the stream at a position. @throws {SoakError} if they differ. */
  compare(bytes: Uint8Array, position: number): void {
    if (!isPattern(bytes, position)) {
      throw new WrongBytesError(`receive: wrong bytes from position ${position} on`);
    }
    this.verified += bytes.length;
  }

  /** Expects the end. */
  async receiveEnd(conn: Pick<Deno.Conn, "read">): Promise<void> {
    const count = await conn.read(new Uint8Array(1));
    if (count !== null) throw new SoakError("receive: more bytes than were sent; expected the end");
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    for (const wake of this.#wakes) wake();
    for (const each of this.#owned) {
      try {
        each.close();
      } catch (error) {
        // Closed before, by the visit itself.
        if (!(error instanceof Deno.errors.BadResource)) throw error;
      }
    }
    this.#owned.clear();
  }
}
