import type { Direction } from "../../base/mod.ts";

/** How a fault ends a session. */
export type CutKind = "reset" | "close";

/** The effect of a fault. */
export type Fault =
  /** Delays each chunk, and the end of the stream, by `amountMs` ± `jitterMs`; keeps the order. */
  | { readonly kind: "latency"; readonly amountMs: number; readonly jitterMs: number }
  /** Limits each direction to this many bytes per second. */
  | { readonly kind: "bandwidth"; readonly bytesPerSecond: number }
  /** Sends pieces of at most `sizeBytes` (at least 1), `delayMs` apart. */
  | { readonly kind: "slice"; readonly sizeBytes: number; readonly delayMs: number }
  /**
   * Closes both connections `afterMs` after the relay began, or once exactly `afterBytes` have been written in a
   * direction, whichever comes first; with neither, at once.
   *
   * `reset` and `close` look alike on a connection that cannot send RST by itself, as none of the runtime's can:
   * closing one sends FIN first, so the peer reads the end of the stream, and gets RST for what it sends after that.
   * Under TLS they differ: `reset` omits the close_notify. The session's detail names which one it was.
   */
  | { readonly kind: CutKind; readonly afterMs?: number; readonly afterBytes?: number }
  /** Swallows everything, the end of the stream included; the session's idle timeout bounds it. */
  | { readonly kind: "black_hole" }
  /** Closes the client before any target is dialed. */
  | { readonly kind: "refuse" };

/** The name of a fault. */
export type FaultKind = Fault["kind"];

/** Which sessions a fault hits, and until when. */
export interface FaultScope {
  /** Ignored for `refuse`, and for a cut with `afterMs`. */
  readonly direction: Direction | "both";
  /** Share of sessions hit, 0 to 1. */
  readonly probability: number;
  /**
   * When the rule expires, on the clock; `Infinity` for never. It then hits no new session and stops acting on live
   * ones, but a session that lost bytes in a black hole is closed, because its stream has a gap.
   */
  readonly expiresAtMs: number;
  /** Once aborted, the rule counts as expired: somebody has withdrawn it. Default: nobody does. */
  readonly withdrawn?: AbortSignal | undefined;
  /**
   * Seed of everything random in this rule, session by session: two rules with the same seed and probability hit the
   * same sessions. `undefined` for a seed drawn at start.
   */
  readonly seed: number | undefined;
  /** Whether the rule applies to this client: an IP address, or an empty string for a client on a unix socket. */
  appliesTo(clientHost: string): boolean;
}

/** A fault with its scope. */
export type FaultRule = Fault & FaultScope;

/** What says when a fault ends. */
export type FaultTerm = Pick<FaultScope, "expiresAtMs" | "withdrawn">;

/** When a fault ends, on the clock; `-Infinity` for one that was withdrawn. */
export function endOf({ expiresAtMs, withdrawn }: FaultTerm): number {
  return withdrawn?.aborted === true ? -Infinity : expiresAtMs;
}
