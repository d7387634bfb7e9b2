import type { Clock } from "../base/mod.ts";
import type { Dialer, DialHolder, DialResult, Opening } from "../dial/mod.ts";
import type { WaitOptions } from "../limits/mod.ts";
import type { PickContext } from "../balancing/mod.ts";
import type { Candidate, Candidates, Pool } from "../pool/mod.ts";

export interface DialingOptions {
  readonly dialer: Dialer<Candidate>;
  readonly port: number;
  readonly context: PickContext;
  readonly queueTimeoutMs: number;
  readonly clock: Clock;
  /** Whoever the dialing is for, who may end it. */
  readonly until: DialHolder & { readonly signal: AbortSignal };
  readonly opening: Opening<Candidate> | undefined;
}

/** A dial's result with the candidates that hold the target's place; or that no target had a place in time. */
export type Dialing =
  | { readonly dialed: DialResult<Candidate>; readonly candidates: Candidates }
  | "full"
  | "aborted";

/** Dials the pool's candidates; where all are at their limit, waits for a place first, in order of arrival. Never rejects. */
export async function dialPool(pool: Pool, options: DialingOptions): Promise<Dialing> {
  const { dialer, clock, until } = options;
  const untilMs = clock.nowMs() + options.queueTimeoutMs;
  let mustWait = pool.limited && pool.crowded;
  for (;;) {
    if (mustWait) {
      const waited = await wait(pool, { signal: until.signal, timeoutMs: untilMs - clock.nowMs() });
      if (waited !== "woken") return waited;
    }
    const candidates = pool.begin(options.port, options.context);
    // The dialer takes the first candidate at once, so that nobody comes between a turn and its place.
    const dialing = dialer.dial(() => candidates.next(), until, options.opening);
    if (mustWait) pool.tookTurn();
    mustWait = !candidates.isHolding && (candidates.lostPlace || (pool.limited && pool.crowded));
    const dialed = await dialing;
    if (!mustWait) return { dialed, candidates };
  }
}

async function wait(pool: Pool, options: WaitOptions): Promise<"woken" | "full" | "aborted"> {
  try {
    return await pool.waitForPlace(options) === "woken" ? "woken" : "full";
  } catch {
    // It rejects for one cause: the session was ended, and whoever did that knows why.
    return "aborted";
  }
}
