import type { Direction } from "../base/mod.ts";

/** How a fault ends a session. */
export type CutKind = "reset" | "close";

/** What a fault does. */
export type Fault =
  /** Each chunk, and the end of the stream, is late by `amountMs` ± `jitterMs`; order is kept. */
  | { readonly kind: "latency"; readonly amountMs: number; readonly jitterMs: number }
  /** Each direction passes at most so many bytes a second. */
  | { readonly kind: "bandwidth"; readonly bytesPerSecond: number }
  /** Bytes leave in pieces of at most `sizeBytes` (at least 1), `delayMs` apart. */
  | { readonly kind: "slice"; readonly sizeBytes: number; readonly delayMs: number }
  /**
   * Both connections are closed `afterMs` after the relay began, or as soon as `afterBytes` have been written in a direction,
   * exactly there, whichever comes first; with neither, at once.
   *
   * Where a connection cannot send RST by itself (no connection of the runtime's own can: closing one sends FIN before all
   * else), `reset` and `close` look alike from outside: the peer reads the end of the stream, and gets RST for what it
   * sends after that. Under TLS they differ: `reset` leaves its end (close_notify) out. And each is named in the session's
   * detail.
   */
  | { readonly kind: CutKind; readonly afterMs?: number; readonly afterBytes?: number }
  /** Everything is taken, the end of the stream included, and nothing passes; the session's idle timeout bounds it. */
  | { readonly kind: "black_hole" }
  /** The client is closed before any target is dialed. */
  | { readonly kind: "refuse" };

/** The word for each fault. */
export type FaultKind = Fault["kind"];

/** Whom a fault hits, and until when. */
export interface FaultScope {
  /** Of no meaning for `refuse`, and for a cut `afterMs`. */
  readonly direction: Direction | "both";
  /** The share of sessions hit, 0 to 1. */
  readonly probability: number;
  /**
   * When it ends, on the clock; `Infinity` for never. From then on it hits no new session and no longer acts on live ones,
   * but one that lost bytes in a black hole is closed, because its stream has a gap.
   */
  readonly expiresAtMs: number;
  /**
   * A whole number from which all that is random in this rule follows, session by session; two rules with one seed and
   * one probability hit the same sessions. `undefined` for one drawn at start.
   */
  readonly seed: number | undefined;
  /** Whether the rule is for this client: an IP address, or an empty text for a client on a unix socket. */
  appliesTo(clientHost: string): boolean;
}

/** A fault with its scope. */
export type FaultRule = Fault & FaultScope;
