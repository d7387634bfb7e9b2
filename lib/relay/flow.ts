import type { Direction, Duplex } from "../base/mod.ts";

/** One end of a relay. */
export type Side = "client" | "target";

/** Progress of one direction. Written by the engine; read by the session, its timers and observers. */
export class Flow {
  readonly direction: Direction;
  /** Bytes handed to the receiver's kernel. */
  bytes = 0;
  /** When the first byte from a target was passed on, on the sessions' clock; -1 for not yet, or when that is dealt with. */
  firstByteMs = -1;
  /** When the last byte, or the sender's FIN, passed; on the sweep's clock. */
  lastByteMs: number;
  /** Whether the sender's FIN has been passed on. */
  finished = false;
  /** Whether a read from the sender is pending. */
  reading = false;
  /**
   * When the sender was found gone, on the sweep's clock; only bytes that it sent before still pass. `Infinity` while
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
 * A read from the client that was started before there was a target: it notices a client that leaves while targets
 * are dialed, and its bytes are the first chunk of the relay.
 */
export interface PendingRead {
  readonly buffer: Uint8Array;
  /** Settles as the read does; its rejection is already handled. */
  readonly result: Promise<number | null>;
}

/** The two connections of a relay. The session owns both; an engine closes them only through `RelayContext.stop`. */
export interface RelayEnds {
  readonly client: Duplex;
  readonly target: Duplex;
}

/**
 * Is shown what passes through a relay, as it does: for captures. No method may throw, and bytes are valid during the
 * call only.
 */
export interface RelayTap {
  /** Bytes have been read from the flow's sender. */
  read(flow: Flow, bytes: Uint8Array): void;
  /** The sender's FIN has been read. */
  readEnd(flow: Flow): void;
  /** The receiver's kernel has taken bytes. */
  wrote(flow: Flow, bytes: Uint8Array): void;
  /** The receiver has been sent FIN. */
  wroteEnd(flow: Flow): void;
  /** A side has failed. */
  failed(side: Side, error: unknown): void;
}

/** The context of a relay, beside its connections. */
export interface RelayContext {
  readonly up: Flow;
  readonly down: Flow;
  /**
   * Bytes read from the client before there was a target. They are the first chunk, and are treated like any other.
   */
  readonly prefetched: Uint8Array | undefined;
  /** The client's next read, where it is already pending. */
  readonly pendingRead: PendingRead | undefined;
  /** Set while the relay is captured, which may begin and end at any time. Default: not. */
  readonly tap?: RelayTap | undefined;
  /** Whether the session has ended the relay. */
  readonly aborted: boolean;
  /** Aborted when the session ends before its connections do. Created on first use, because few relays need it. */
  readonly signal: AbortSignal;
  /** Closes both connections, which rejects everything pending on them. Idempotent. */
  stop(): void;
  /**
   * Called at most once, when the target is gone and the client has been sent FIN after all the target's bytes.
   * Closes the target, and {@link RelayContext.stop stops} the rest in time. What the client still sends is read and
   * discarded until then: closing a socket with unread bytes makes the kernel send RST and drop what the client has
   * not yet received.
   */
  linger(end: RelayEnd): void;
}

/**
 * How a relay ended: which side finished first, which side failed, or that the session stopped it, for a reason the
 * session knows.
 */
export type RelayEnd =
  | { readonly kind: "finished"; readonly first: Direction }
  | { readonly kind: "failed"; readonly side: Side; readonly error: unknown }
  | { readonly kind: "stopped" };

/**
 * Relays between two connections until both directions have finished or a side has failed. Never rejects, and returns
 * only when nothing is pending on either connection.
 *
 * What a failed side sent before is delivered first; the caller bounds how long that may take ({@link
 * Flow.senderGoneMs}, {@link RelayContext.linger}).
 */
export type RelayEngine = (ends: RelayEnds, context: RelayContext) => Promise<RelayEnd>;
