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
 * answered, and one that never stops is not listened to for ever.
 */
const TOTAL_MS = 30_000;

/**
 * Whether last words that are waited for since `sinceMs` (`Infinity`: they are not), the last of which came at `lastMs`,
 * have had their time.
 */
export function hasLingered(sinceMs: number, lastMs: number, nowMs: number): boolean {
  return nowMs - Math.max(sinceMs, lastMs) >= QUIET_MS || nowMs - sinceMs >= TOTAL_MS;
}

/**
 * Whether a relay of which a side is gone has had its time. Of a client that is gone nobody waits for more than the
 * target, which may take nothing. What a target that is gone has said waits for the client, as long as any does; but a read
 * from what is lost does not wait.
 */
export function isLostSideDone(up: Flow, down: Flow, nowMs: number): boolean {
  const stuckSinceMs = down.reading ? Math.max(down.senderGoneMs, down.lastByteMs) : Infinity;
  return hasLingered(up.senderGoneMs, up.lastByteMs, nowMs) || hasLingered(stuckSinceMs, 0, nowMs);
}
