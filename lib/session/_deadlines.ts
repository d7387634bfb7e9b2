import type { Reason } from "../base/mod.ts";
import type { Flow } from "../relay/mod.ts";
import { hasLingered, isLostSideDone } from "./_lingering_close.ts";

/** The limits of a relay, in milliseconds. */
export interface RelayLimits {
  readonly idleTimeoutMs: number;
  readonly halfCloseTimeoutMs: number;
}

/** The verdict of a sweep: a reason to end the session for, or `close` when the time after a loss is over. */
export type Due = Reason | "close" | undefined;

/** Looks at the deadlines of a relay; `dueMs` is the time of the sweep less what its clock may be behind. */
export function relayDue(up: Flow, down: Flow, limits: RelayLimits, dueMs: number): Due {
  if (isLostSideDone(up, down, dueMs)) return "close";
  const quietMs = dueMs - Math.max(up.lastByteMs, down.lastByteMs);
  if (up.finished !== down.finished && quietMs >= limits.halfCloseTimeoutMs) return "half_close_timeout";
  return quietMs >= limits.idleTimeoutMs ? "idle_timeout" : undefined;
}

/** Looks at the deadline of a lingering close, which began when the client was sent everything. */
export function lingeringDue(up: Flow, down: Flow, dueMs: number): Due {
  return hasLingered(down.lastByteMs, up.lastByteMs, dueMs) ? "close" : undefined;
}
