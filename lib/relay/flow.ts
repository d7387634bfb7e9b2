import type { Direction, Duplex } from "../base/mod.ts";

/** Who is at an end of the relay. */
export type Side = "client" | "target";

/** What has passed in one direction. Written by the engine, read by the session, its timers and whoever looks on. */
export class Flow {
  readonly direction: Direction;
  /** Bytes handed to the receiving side's kernel. */
  bytes = 0;
  /** When the last byte, or the sender's FIN, passed; on the sweep's clock. */
  lastByteMs: number;
  /** Whether the sender has finished (FIN) and that has been passed on. */
  finished = false;
  /** Whether a read from the sender is under way. */
  reading = false;
  /**
   * Since when the sender is known to be gone, on the sweep's clock: what still passes are its last words. `Infinity` while
   * it is there.
   */
  senderGoneMs = Infinity;

  constructor(direction: Direction, nowMs: number) {
    this.direction = direction;
    this.lastByteMs = nowMs;
  }

  get sender(): Side {
    return this.direction === "up" ? "client" : "target";
  }

  get receiver(): Side {
    return this.direction === "up" ? "target" : "client";
  }
}

/**
 * A read from the client that was begun before there was a target: it notices a client that leaves while targets are
 * dialed, and what it brings is the first chunk of the relay.
 */
export interface PendingRead {
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
  readonly prefetched: Uint8Array | undefined;
  /** The client's first read after that, where it is already under way. */
  readonly pendingRead: PendingRead | undefined;
  /** Whether the session has ended the relay. */
  readonly aborted: boolean;
  /** Aborted when the session is to end before its connections do. Made when it is asked for: most relays never need it. */
  readonly signal: AbortSignal;
  /** Closes both connections, so that whatever is pending on them rejects; may be called any number of times. */
  stop(): void;
  /**
   * The target is gone, and the client is sent FIN behind all that it said; what the client still sends is read and thrown
   * away, because closing a socket with unread bytes makes the kernel reset the connection and throw away what the
   * client has not received. Closes the target, and {@link RelayContext.stop stops} the rest in time. Called at most once.
   */
  linger(end: RelayEnd): void;
}

/**
 * How a relay ended: which side finished first, which side failed, or that it was stopped from outside (then whoever
 * stopped it knows why).
 */
export type RelayEnd =
  | { readonly kind: "finished"; readonly first: Direction }
  | { readonly kind: "failed"; readonly side: Side; readonly error: unknown }
  | { readonly kind: "stopped" };

/**
 * Joins two connections until both directions have finished or a side has failed. Never rejects, and returns only when
 * nothing is pending on either connection.
 *
 * A side that fails has said its last: what of it is still on its way is brought to the other side first, and whoever
 * gave the context bounds how long that may take ({@link Flow.senderGoneMs}, {@link RelayContext.linger}).
 */
export type RelayEngine = (ends: RelayEnds, context: RelayContext) => Promise<RelayEnd>;
