import type { Duplex } from "../base/mod.ts";
import type { BufferPool } from "./buffers.ts";
import type { Flow, PendingRead, RelayContext, RelayTap, Side } from "./flow.ts";

/** Bytes per chunk: what a filter sees at once, and what is in flight between two filters. */
const CHUNK_BYTES = 16 * 1024;

/** A failure and the side that failed; a pipe's rejection alone does not tell which end it came from. */
export class SideError extends Error {
  override readonly name = "SideError";
  readonly side: Side;

  constructor(side: Side, cause: unknown) {
    super("relay: connection failed", { cause });
    this.side = side;
  }
}

export interface SourceOptions {
  readonly flow: Flow;
  readonly buffers: BufferPool;
  /** Bytes read before; default none. */
  readonly first: Pick<RelayContext, "prefetched" | "pendingRead"> | undefined;
  /** Returns who is shown what is read. */
  tap(): RelayTap | undefined;
  /** Called when a read fails while bytes are in the filters; returns whether to deliver them. */
  failedBehind(error: unknown): boolean;
}

/** The reading half of a connection as a stream. */
export class Source {
  readonly stream: ReadableStream<Uint8Array>;
  /** The error that ended the stream. The stream itself ends as with FIN, so that what is in the filters passes. */
  failure: SideError | undefined;
  readonly #conn: Duplex;
  readonly #options: SourceOptions;
  #prefetched: Uint8Array | undefined;
  #pendingRead: PendingRead | undefined;
  /** The latest read. */
  #reading: Promise<number | null> | undefined;
  #givenBytes = 0;

  constructor(conn: Duplex, options: SourceOptions) {
    this.#conn = conn;
    this.#options = options;
    this.#prefetched = options.first?.prefetched;
    this.#pendingRead = options.first?.pendingRead;
    this.#reading = this.#pendingRead?.result;
    this.stream = new ReadableStream<Uint8Array>(
      { pull: (controller): Promise<void> => this.#pull(controller) },
      { highWaterMark: 0 },
    );
  }

  /** Resolves when no read is pending. Call it once the connection is closed, so that a pending read ends. */
  async settled(): Promise<void> {
    await Promise.allSettled([this.#reading]);
    this.#giveBack();
  }

  async #pull(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    if (this.#prefetched !== undefined) {
      this.#give(this.#prefetched, controller);
      this.#prefetched = undefined;
      return;
    }
    const { flow } = this.#options;
    const pendingRead = this.#pendingRead;
    // The next stage owns the chunk, so it cannot come from the pool.
    const buffer = pendingRead?.buffer ?? new Uint8Array(CHUNK_BYTES);
    let count: number | null;
    try {
      flow.reading = true;
      this.#reading = pendingRead?.result ?? this.#conn.read(buffer);
      count = await this.#reading;
    } catch (error) {
      return this.#failed(error, controller);
    } finally {
      flow.reading = false;
    }
    if (count === null) {
      this.#options.tap()?.readEnd(flow);
      controller.close();
    } else {this.#give(
        pendingRead === undefined ? buffer.subarray(0, count) : buffer.slice(0, count),
        controller,
      );}
    this.#giveBack();
  }

  #give(bytes: Uint8Array, controller: ReadableStreamDefaultController<Uint8Array>): void {
    this.#givenBytes += bytes.length;
    this.#options.tap()?.read(this.#options.flow, bytes);
    controller.enqueue(bytes);
  }

  #failed(cause: unknown, controller: ReadableStreamDefaultController<Uint8Array>): void {
    const { flow } = this.#options;
    const error = new SideError(flow.sender, cause);
    // An error overtakes the bytes in the filters, and they are lost.
    if (this.#givenBytes <= flow.bytes || !this.#options.failedBehind(cause)) throw error;
    this.failure = error;
    controller.close();
  }

  #giveBack(): void {
    if (this.#pendingRead !== undefined) this.#options.buffers.give(0, this.#pendingRead.buffer);
    this.#pendingRead = undefined;
  }
}
