import type { Direction, Duplex } from "../base/mod.ts";
import type { Ticker } from "./sweep.ts";

/** What has passed in one direction. Written by the engine, read by the session, its timers and whoever looks on. */
export class Flow {
  readonly direction: Direction;
  /** Bytes handed to the receiving side's kernel. */
  bytes = 0;
  /** When the last byte, or the sender's FIN, passed; on the sweep's clock. */
  lastByteMs: number;
  /** Whether the sender has finished (FIN) and that has been passed on. */
  finished = false;

  constructor(direction: Direction, nowMs: number) {
    this.direction = direction;
    this.lastByteMs = nowMs;
  }
}

/**
 * A read from the client that was begun before there was a target: it notices a client that leaves while targets are
 * dialed, and what it brings is the first chunk of the relay.
 */
export interface EarlyRead {
  readonly buffer: Uint8Array;
  /** Settles as the read does; the holder has already handled its rejection once. */
  readonly result: Promise<number | null>;
}

/** The two connections of a relay. The session owns both; an engine never closes them but through `RelayContext.stop`. */
export interface RelayEnds {
  readonly client: Duplex;
  readonly target: Duplex;
}

/** What an engine is given beside the connections. */
export interface RelayContext {
  readonly up: Flow;
  readonly down: Flow;
  /** What was read from the client before there was a target: it goes first, and is a chunk like any other. */
  readonly lead: Uint8Array | undefined;
  /** The client's first read after that, where it is already under way. */
  readonly early: EarlyRead | undefined;
  /** Aborted when the session is to end before its connections do. */
  readonly signal: AbortSignal;
  /** Closes both connections, so that whatever is pending on them rejects; may be called any number of times. */
  stop(): void;
}

/**
 * How a relay ended: which side finished first, which side failed, or that it was stopped from outside (then whoever
 * stopped it knows why).
 */
export type RelayEnd =
  | { readonly kind: "finished"; readonly first: Direction }
  | { readonly kind: "failed"; readonly side: "client" | "target"; readonly error: unknown }
  | { readonly kind: "stopped" };

/** What the two directions of one relay know of each other, whichever engine moves the bytes. */
export class Joint {
  /** How the relay ended, as far as is known; final when both directions have returned. */
  end: RelayEnd = { kind: "stopped" };
  readonly #context: RelayContext;
  readonly #ticker: Ticker;
  readonly #onEnd: (end: RelayEnd) => void;
  #hasLeft = false;

  /** @param onEnd is told how the relay ended when both directions have left; default nobody. */
  constructor(context: RelayContext, ticker: Ticker, onEnd: (end: RelayEnd) => void = () => {}) {
    this.#context = context;
    this.#ticker = ticker;
    this.#onEnd = onEnd;
  }

  /** A direction has nothing pending any more. */
  leave(): void {
    if (this.#hasLeft) this.#onEnd(this.end);
    this.#hasLeft = true;
  }

  /** Marks the flow as finished; gives whether that was the last one, so that closing the sockets says the rest. */
  finish(flow: Flow): boolean {
    flow.finished = true;
    flow.lastByteMs = this.#ticker.nowMs;
    const other = flow === this.#context.up ? this.#context.down : this.#context.up;
    if (!other.finished) return false;
    if (!this.#context.signal.aborted) this.end = { kind: "finished", first: other.direction };
    return true;
  }

  /** Stops both directions. The first failure is the cause; what follows from stopping is not. */
  fail(side: "client" | "target", error: unknown): void {
    if (!this.#context.signal.aborted && this.end.kind === "stopped") {
      this.end = { kind: "failed", side, error };
    }
    this.#context.stop();
  }
}

/**
 * Joins two connections until both directions have finished or one has failed. Never rejects, and returns only when
 * nothing is pending on either connection.
 */
export type RelayEngine = (ends: RelayEnds, context: RelayContext) => Promise<RelayEnd>;
