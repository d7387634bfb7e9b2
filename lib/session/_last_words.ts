/**
 * How long a session outlasts the loss of one of its sides, so that what that side said last reaches the other.
 *
 * @module
 */

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
export function hadTheirTime(sinceMs: number, lastMs: number, nowMs: number): boolean {
  return nowMs - Math.max(sinceMs, lastMs) >= QUIET_MS || nowMs - sinceMs >= TOTAL_MS;
}
