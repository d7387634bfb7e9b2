import { setImmediate } from "node:timers";
import { monotonicClock } from "../base/mod.ts";
import type { SharedCount } from "../limits/mod.ts";

/** How long a thread that sleeps takes to wake up and accept, with room to spare. */
const WAIT_MS = 0.2;

/**
 * Lets the other threads accept first while this one has more sessions than another.
 *
 * All of them are woken by a connection, and whoever is first would take a whole burst before the others have opened their
 * eyes: eight connections of one moment went to two threads as one and seven. The wait is bounded, so that a thread that
 * is too busy to accept holds nobody up; meanwhile this one goes on with what it has.
 */
export function takeTurn(sessions: SharedCount): Promise<void> | undefined {
  return sessions.mine > sessions.least ? wait(sessions) : undefined;
}

async function wait(sessions: SharedCount): Promise<void> {
  const endsAtMs = monotonicClock.nowMs() + WAIT_MS;
  while (sessions.mine > sessions.least && monotonicClock.nowMs() < endsAtMs) {
    // The next turn of the event loop; a timer's is a millisecond later.
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
}
