import type { Duplex } from "../base/mod.ts";
import type { BufferPool } from "./buffers.ts";
import {
  type EarlyRead,
  type Flow,
  Joint,
  type RelayContext,
  type RelayEnd,
  type RelayEnds,
  type RelayEngine,
} from "./flow.ts";
import type { Ticker } from "./sweep.ts";

/** Bytes a chunk: what a filter sees at once, and what is in flight between two filters. */
const CHUNK_BYTES = 16 * 1024;

/** One stage of the stream pipeline. It may delay, change, cut or end the flow; its error ends the session. */
export type Filter = (signal: AbortSignal) => TransformStream<Uint8Array, Uint8Array>;

/** Which filters a session's directions pass, in order. */
export interface StreamOptions {
  readonly ticker: Ticker;
  /** Where the early read's buffer came from and goes back to. */
  readonly buffers: BufferPool;
  readonly up: readonly Filter[];
  readonly down: readonly Filter[];
}

/** A failure with the side that failed; without it, a pipe's rejection would not say which end it came from. */
class SideError extends Error {
  override readonly name = "SideError";
  readonly side: "client" | "target";

  constructor(side: "client" | "target", cause: unknown) {
    super("relay: the connection failed", { cause });
    this.side = side;
  }
}

/**
 * The second engine: `readable.pipeThrough(filter).pipeTo(writable, { signal })` a direction, over adapters that keep
 * half-close (the runtime's own `conn.writable` closes the whole connection at the first end of a stream).
 *
 * No stage queues ahead (every high-water mark is that of one chunk at most), so that back-pressure reaches the sender.
 */
export function streamEngine(options: StreamOptions): RelayEngine {
  return async (ends: RelayEnds, context: RelayContext): Promise<RelayEnd> => {
    const joint = new Joint(context, options.ticker);
    // A filter may wait for minutes and knows nothing of the other direction: its signal ends with either's failure.
    const failed = new AbortController();
    const signal = AbortSignal.any([context.signal, failed.signal]);
    const join = async (
      source: Source,
      filters: readonly Filter[],
      sink: WritableStream<Uint8Array>,
    ): Promise<void> => {
      try {
        let { stream } = source;
        for (const filter of filters) stream = stream.pipeThrough(filter(signal), { signal });
        await stream.pipeTo(sink, { signal });
      } catch (error) {
        // A filter's own error has no side: it stands for the network on the way to the target.
        if (error instanceof SideError) joint.fail(error.side, error.cause);
        else joint.fail("target", error);
        failed.abort();
      }
      // A pipe that fails does not wait for its source.
      await source.settled();
    };
    await Promise.all([
      join(
        new Source(ends.client, {
          side: "client",
          buffers: options.buffers,
          lead: context.lead,
          early: context.early,
        }),
        options.up,
        writableOf(ends.target, "target", context.up, joint, options.ticker),
      ),
      join(
        new Source(ends.target, {
          side: "target",
          buffers: options.buffers,
          lead: undefined,
          early: undefined,
        }),
        options.down,
        writableOf(ends.client, "client", context.down, joint, options.ticker),
      ),
    ]);
    return joint.end;
  };
}

type Side = "client" | "target";

interface SourceOptions {
  readonly side: Side;
  readonly buffers: BufferPool;
  readonly lead: Uint8Array | undefined;
  readonly early: EarlyRead | undefined;
}

/** The reading half of a connection as a stream. */
class Source {
  readonly stream: ReadableStream<Uint8Array>;
  readonly #conn: Duplex;
  readonly #side: Side;
  readonly #buffers: BufferPool;
  #lead: Uint8Array | undefined;
  #early: EarlyRead | undefined;
  /** The last read that was begun. */
  #reading: Promise<number | null> | undefined;

  constructor(conn: Duplex, options: SourceOptions) {
    this.#conn = conn;
    this.#side = options.side;
    this.#buffers = options.buffers;
    this.#lead = options.lead;
    this.#early = options.early;
    this.#reading = options.early?.result;
    this.stream = new ReadableStream<Uint8Array>(
      { pull: (controller): Promise<void> => this.#pull(controller) },
      { highWaterMark: 0 },
    );
  }

  /** Resolves when no read is pending; one that is must be about to end, because the connection has been closed. */
  async settled(): Promise<void> {
    await Promise.allSettled([this.#reading]);
    this.#giveBack();
  }

  async #pull(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    if (this.#lead !== undefined) {
      controller.enqueue(this.#lead);
      this.#lead = undefined;
      return;
    }
    const early = this.#early;
    // A chunk belongs to whoever reads it next, so that it cannot come from the pool.
    const buffer = early?.buffer ?? new Uint8Array(CHUNK_BYTES);
    let count: number | null;
    try {
      this.#reading = early?.result ?? this.#conn.read(buffer);
      count = await this.#reading;
    } catch (error) {
      throw new SideError(this.#side, error);
    }
    if (count === null) controller.close();
    else controller.enqueue(early === undefined ? buffer.subarray(0, count) : buffer.slice(0, count));
    this.#giveBack();
  }

  #giveBack(): void {
    if (this.#early !== undefined) this.#buffers.give(0, this.#early.buffer);
    this.#early = undefined;
  }
}

function writableOf(
  conn: Duplex,
  side: Side,
  flow: Flow,
  joint: Joint,
  ticker: Ticker,
): WritableStream<Uint8Array> {
  let writes = 0;
  return new WritableStream<Uint8Array>({
    async write(chunk): Promise<void> {
      try {
        if (++writes === 2) conn.setNoDelay?.(true);
        for (let written = 0; written < chunk.length;) {
          const count = await conn.write(written === 0 ? chunk : chunk.subarray(written));
          written += count;
          flow.bytes += count;
          flow.lastByteMs = ticker.nowMs;
        }
      } catch (error) {
        throw new SideError(side, error);
      }
    },
    async close(): Promise<void> {
      if (joint.finish(flow)) return;
      try {
        await conn.closeWrite();
      } catch (error) {
        throw new SideError(side, error);
      }
    },
  }, { highWaterMark: 1 });
}
