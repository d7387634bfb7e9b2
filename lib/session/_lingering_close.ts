/**
 * How long a session outlasts the loss of one of its sides, so that what that side said last reaches the other.
 *
 * @module
 */
import type { Flow } from "../relay/mod.ts";

/**
 * What is listened for may be silent this long: nginx's `lingering_timeout`. A packet that was lost has come again by
 * then, several times over, and a client that says nothing more costs little until then.
 */
const QUIET_MS = 5000;

/**
 * And it may go on this long in all: nginx's `lingering_time`. A client that uploads has had time to see that it was
 * answered, and one that never stops is cut off.
 */
const TOTAL_MS = 30_000;

/**
 * Whether the lingering period is over that began at `sinceMs` (`Infinity`: it has not begun), with the last data at
 * `lastMs`.
 */
export function hasLingered(sinceMs: number, lastMs: number, nowMs: number): boolean {
  return nowMs - Math.max(sinceMs, lastMs) >= QUIET_MS || nowMs - sinceMs >= TOTAL_MS;
}

/**
 * Whether a relay with a lost side is done. After the loss of the client, the target has the lingering period to take the
 * rest. After the loss of the target, the rest waits for the client without limit, but a read from the target does not.
 */
export function isLostSideDone(up: Flow, down: Flow, nowMs: number): boolean {
  const stuckSinceMs = down.reading ? Math.max(down.senderGoneMs, down.lastByteMs) : Infinity;
  return hasLingered(up.senderGoneMs, up.lastByteMs, nowMs) || hasLingered(stuckSinceMs, 0, nowMs);
}
