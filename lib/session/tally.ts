import type { Reason } from "../base/mod.ts";
import type { Candidate } from "../pool/mod.ts";

/** A session that has ended, as far as it is counted. */
export interface TalliedSession {
  readonly reason: Reason | undefined;
  readonly up: { readonly bytes: number };
  readonly down: { readonly bytes: number };
  readonly target: Candidate | undefined;
  readonly startedMs: number;
  readonly endedMs: number;
}

/** Counts the sessions of an app. It is called for each of them, so it must be cheap; it must not throw. */
export interface SessionTally {
  sessionBegan(): void;
  sessionEnded(session: TalliedSession): void;
  /** The session has waited for a place at a target, in milliseconds, whether it got one or not. */
  queued(ms: number): void;
  /** The target's first byte has been passed on, so many milliseconds after the connection was accepted. */
  firstByte(ms: number): void;
}
