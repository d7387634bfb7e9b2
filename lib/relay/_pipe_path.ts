import { NO_PIPE, type Pipe, type PipePool, type Pollable } from "../base/mod.ts";
import type { Flow } from "./flow.ts";
import type { Ticker } from "./sweep.ts";

/** The way of one direction's bytes through a pipe of the kernel, which they leave before the next ones enter. */
export class PipePath {
  readonly #from: Pollable;
  readonly #to: Pollable;
  readonly #pool: PipePool;
  /** The pipe that has bytes in it. */
  #pipe: Pipe | undefined;

  /** Returns the path between two connections; `undefined` where there is none. */
  static between(from: Pollable, to: Pollable): PipePath | undefined {
    const { pipes } = from;
    return pipes === undefined || pipes !== to.pipes ? undefined : new PipePath(from, to, pipes);
  }

  private constructor(from: Pollable, to: Pollable, pool: PipePool) {
    this.#from = from;
    this.#to = to;
    this.#pool = pool;
  }

  /** Whether bytes wait in it for the receiver. */
  get isHolding(): boolean {
    return this.#pipe !== undefined;
  }

  /**
   * Receives what then waits in it, as {@link Pollable.receiveInto}; {@link NO_PIPE} also while no pipe is free.
   *
   * @throws the sender's error.
   */
  receive(): number {
    const pipe = this.#pool.take();
    if (pipe === undefined) return NO_PIPE;
    try {
      const count = this.#from.receiveInto?.(pipe) ?? NO_PIPE;
      if (count > 0) this.#pipe = pipe;
      return count;
    } finally {
      if (this.#pipe === undefined) this.#pool.release(pipe);
    }
  }

  /** Sends what waits in it, and counts it; returns whether nothing is left. @throws the receiver's error. */
  send(flow: Flow, ticker: Ticker): boolean {
    for (let pipe = this.#pipe; pipe !== undefined; pipe = this.#pipe) {
      const sent = this.#to.sendFrom?.(pipe) ?? NO_PIPE;
      if (sent < 0) return false;
      if (pipe.bytes === 0) this.drop();
      flow.bytes += sent;
      flow.lastByteMs = ticker.nowMs;
    }
    return true;
  }

  /** Discards what waits in it. */
  drop(): void {
    if (this.#pipe === undefined) return;
    this.#pool.release(this.#pipe);
    this.#pipe = undefined;
  }
}
