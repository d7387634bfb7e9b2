import { type Clock, type Duplex, sendAtOnce } from "../base/mod.ts";
import type { BufferPool } from "./buffers.ts";
import type { Flow, RelayContext, RelayEnd, RelayEnds, RelayEngine } from "./flow.ts";
import { HalfCloseState, type Next } from "./_half_close_state.ts";
import { SideError, Source } from "./_source.ts";
import type { Ticker } from "./sweep.ts";
import { teardown } from "./_teardown.ts";

/** One stage of the stream pipeline. It may delay, change, cut or end the flow; its error ends the session. */
export type Filter = (signal: AbortSignal) => TransformStream<Uint8Array, Uint8Array>;

/** The filters of a session's directions, in order. */
export interface StreamOptions {
  readonly ticker: Ticker;
  /** For the time of the first byte; default nobody needs it. */
  readonly clock?: Clock | undefined;
  /** The pool that the pending read's buffer came from and returns to. */
  readonly buffers: BufferPool;
  readonly up: readonly Filter[];
  readonly down: readonly Filter[];
}

/**
 * Returns the filtering engine: `readable.pipeThrough(filter).pipeTo(writable, { signal })` per direction, over
 * adapters that keep half-close (the runtime's own `conn.writable` closes the whole connection when a stream ends).
 *
 * No stage queues ahead (no high-water mark exceeds one chunk), so back-pressure reaches the sender. What is in the
 * filters when a side fails still passes ({@link HalfCloseState}).
 */
export function streamEngine(options: StreamOptions): RelayEngine {
  return async ({ client, target }: RelayEnds, context: RelayContext): Promise<RelayEnd> => {
    const state = new HalfCloseState(context, options.ticker);
    const { ticker, clock, buffers } = options;
    const shared = { state, ticker, clock, buffers, signal: context.signal };
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
    return state.end;
  };
}

interface LineOptions {
  readonly from: Duplex;
  readonly to: Duplex;
  readonly flow: Flow;
  readonly filters: readonly Filter[];
  readonly state: HalfCloseState;
  readonly ticker: Ticker;
  readonly clock: Clock | undefined;
  readonly buffers: BufferPool;
  readonly signal: AbortSignal;
  readonly first?: Pick<RelayContext, "prefetched" | "pendingRead">;
}

/** One direction. */
class Line {
  readonly #options: LineOptions;
  readonly #source: Source;
  /** Ends the pipe and the waits in its filters. */
  readonly #ending = new AbortController();
  #other: Line | undefined;
  #writes = 0;
  /**
   * Whether the receiver is gone. Bytes still pass the filters, so that their limits hold, and are then discarded.
   */
  #isVain = false;

  constructor(options: LineOptions) {
    const { from, flow, buffers, first, state } = options;
    this.#options = options;
    this.#source = new Source(from, {
      flow,
      buffers,
      first,
      tap: () => state.tap,
      failedBehind: (error): boolean => {
        const goesOn = state.failBehind(flow, error);
        if (goesOn) this.#other?.lose();
        return goesOn;
      },
    });
  }

  /** Called when the receiver is gone. */
  lose(): void {
    this.#isVain = true;
  }

  /** Ends the pipe wherever it waits: a filter does not see the connections and may wait for minutes. */
  end(): void {
    this.#ending.abort();
  }

  /** Relays until nothing is left to do in this direction. Never rejects. */
  async run(other: Line): Promise<void> {
    this.#other = other;
    const { state, flow } = this.#options;
    const next = await this.#pipe();
    this.end();
    if (state.gone === flow.sender) other.lose();
    if (state.isOver) other.end();
    await teardown(next, this.#options);
    if (state.isOver) other.end();
    await this.#source.settled();
    state.leave(flow);
  }

  async #pipe(): Promise<Next> {
    const { flow, state, filters } = this.#options;
    const signal = AbortSignal.any([this.#options.signal, this.#ending.signal]);
    const sink = new WritableStream<Uint8Array>({ write: (chunk) => this.#write(chunk) }, {
      highWaterMark: 1,
    });
    try {
      let { stream } = this.#source;
      for (const filter of filters) stream = stream.pipeThrough(filter(signal), { signal });
      await stream.pipeTo(sink, { signal });
    } catch (error) {
      // A filter's own error has no side: it stands for the network between proxy and target.
      return error instanceof SideError
        ? state.fail(flow, error.side, error.cause)
        : state.fail(flow, "target", error);
    }
    const { failure } = this.#source;
    return failure === undefined ? state.finish(flow) : state.fail(flow, flow.sender, failure.cause);
  }

  async #write(chunk: Uint8Array): Promise<void> {
    const { to, flow, state, ticker, clock } = this.#options;
    try {
      if (!this.#isVain && ++this.#writes === 2) sendAtOnce(to);
      for (let written = 0; written < chunk.length && !this.#isVain;) {
        const count = await to.write(written === 0 ? chunk : chunk.subarray(written));
        state.tap?.wrote(flow, chunk.subarray(written, written + count));
        written += count;
        flow.bytes += count;
        flow.lastByteMs = ticker.nowMs;
      }
      if (this.#writes === 1 && flow.direction === "down") flow.firstByteMs = clock?.nowMs() ?? -1;
    } catch (error) {
      if (state.fail(flow, flow.receiver, error) !== "discard") throw new SideError(flow.receiver, error);
      this.lose();
    }
    // Until the client has been sent everything, only that counts as activity; discarded bytes do not.
    if (this.#isVain && state.lingers) flow.lastByteMs = ticker.nowMs;
  }
}
