import type { Duplex } from "../base/mod.ts";
import type { BufferPool } from "./buffers.ts";
import type { Flow, RelayContext, RelayEnd, RelayEnds, RelayEngine } from "./flow.ts";
import { Joint, type Next } from "./_joint.ts";
import { SideError, Source } from "./_source.ts";
import type { Ticker } from "./sweep.ts";
import { windUp } from "./_wind_up.ts";

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

/**
 * The second engine: `readable.pipeThrough(filter).pipeTo(writable, { signal })` a direction, over adapters that keep
 * half-close (the runtime's own `conn.writable` closes the whole connection at the first end of a stream).
 *
 * No stage queues ahead (every high-water mark is that of one chunk at most), so that back-pressure reaches the sender.
 * What is in the filters of a side that fails still passes ({@link Joint}).
 */
export function streamEngine(options: StreamOptions): RelayEngine {
  return async ({ client, target }: RelayEnds, context: RelayContext): Promise<RelayEnd> => {
    const joint = new Joint(context, options.ticker);
    const shared = { joint, ticker: options.ticker, buffers: options.buffers, signal: context.signal };
    const up = new Line({
      ...shared,
      from: client,
      to: target,
      flow: context.up,
      filters: options.up,
      first: context,
    });
    const down = new Line({ ...shared, from: target, to: client, flow: context.down, filters: options.down });
    await Promise.all([up.run(down), down.run(up)]);
    return joint.end;
  };
}

interface LineOptions {
  readonly from: Duplex;
  readonly to: Duplex;
  readonly flow: Flow;
  readonly filters: readonly Filter[];
  readonly joint: Joint;
  readonly ticker: Ticker;
  readonly buffers: BufferPool;
  readonly signal: AbortSignal;
  readonly first?: Pick<RelayContext, "lead" | "early">;
}

/** One direction. */
class Line {
  readonly #options: LineOptions;
  readonly #source: Source;
  /** Ends the pipe, and what waits in its filters: nobody takes its bytes any more. */
  readonly #idle = new AbortController();
  #other: Line | undefined;

  constructor(options: LineOptions) {
    const { from, flow, buffers, first, joint } = options;
    this.#options = options;
    this.#source = new Source(from, {
      flow,
      buffers,
      first,
      failedBehind: (error): boolean => {
        const goesOn = joint.failBehind(flow, error);
        // Its receiver is gone.
        if (goesOn) this.#other?.end();
        return goesOn;
      },
    });
  }

  /** Ends the pipe, wherever it waits. */
  end(): void {
    this.#idle.abort();
  }

  /** Relays until nothing is left to do in this direction. Never rejects. */
  async run(other: Line): Promise<void> {
    this.#other = other;
    const { joint, flow } = this.#options;
    const next = await this.#pipe();
    // What waits in a filter knows nothing of the connections, and may wait for minutes.
    this.end();
    if (joint.isOver || joint.gone === flow.sender) other.end();
    await windUp(next, this.#options, this.#source.reading);
    if (joint.isOver) other.end();
    await this.#source.settled();
    joint.leave(flow);
  }

  async #pipe(): Promise<Next> {
    const { flow, joint, filters } = this.#options;
    const signal = AbortSignal.any([this.#options.signal, this.#idle.signal]);
    try {
      let { stream } = this.#source;
      for (const filter of filters) stream = stream.pipeThrough(filter(signal), { signal });
      await stream.pipeTo(writableOf(this.#options), { signal });
    } catch (error) {
      if (error instanceof SideError) return joint.fail(flow, error.side, error.cause);
      // A filter's own error has no side: it stands for the network on the way to the target.
      return joint.fail(flow, this.#idle.signal.aborted ? flow.receiver : "target", error);
    }
    const { failure } = this.#source;
    return failure === undefined ? joint.finish(flow) : joint.fail(flow, flow.sender, failure.cause);
  }
}

function writableOf({ to, flow, ticker }: LineOptions): WritableStream<Uint8Array> {
  let writes = 0;
  return new WritableStream<Uint8Array>({
    async write(chunk): Promise<void> {
      try {
        if (++writes === 2) to.setNoDelay?.(true);
        for (let written = 0; written < chunk.length;) {
          const count = await to.write(written === 0 ? chunk : chunk.subarray(written));
          written += count;
          flow.bytes += count;
          flow.lastByteMs = ticker.nowMs;
        }
      } catch (error) {
        throw new SideError(flow.receiver, error);
      }
    },
  }, { highWaterMark: 1 });
}
