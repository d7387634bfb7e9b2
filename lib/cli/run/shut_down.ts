import { MAX_TIMER_MS } from "../../base/mod.ts";
import type { Logger } from "../../log/mod.ts";
import type { ProxyControl } from "../../proxy/mod.ts";
import type { EndCause } from "./drain_request.ts";
import type { Signals } from "./signals.ts";

export interface ShutDownOptions {
  /** The trigger, for the log. */
  readonly first: EndCause;
  readonly signals: Pick<Signals, "next">;
  /** How long to go on accepting first, so that a load balancer sees it coming. */
  readonly delayMs: number;
  /** Addresses that another process accepts on by now; default none. */
  readonly others?: ReadonlySet<string> | undefined;
  readonly log: Logger;
}

/** How the proxy ended: all sessions by themselves or drained, or cut by a second signal. */
export type ShutDownResult = "drained" | "cut";

/** How long sockets may take to close after a second signal, before the process ends around them. */
const CUT_LIMIT_MS = 1000;

/** The part of a proxy that ends it. */
export type Ending = Pick<ProxyControl, "activeSessions" | "drain" | "stop">;

/** Ends a proxy as an operator expects: gently at the first signal, which has come, and at once at the next. */
export async function shutDown(proxy: Ending, options: ShutDownOptions): Promise<ShutDownResult> {
  const { first, signals, delayMs, others, log } = options;
  const again = signals.next().then((signal) => ({ again: signal }));
  if (delayMs > 0) {
    log.info("{signal}: stopping in {seconds} s, accepting until then", {
      signal: first,
      seconds: delayMs / 1000,
    });
    await withinMs(again, delayMs);
  }
  log.info("{signal}: no longer accepting", { signal: first });
  const outcome = await Promise.race([proxy.drain(others), again]);
  if (outcome === undefined) return "drained";
  log.warning("{signal} again: stopping at once, {left} cut", {
    signal: outcome.again,
    left: proxy.activeSessions() === 1 ? "1 session is" : `${proxy.activeSessions()} sessions are`,
  });
  await withinMs(proxy.stop(), CUT_LIMIT_MS);
  return "cut";
}

/** Waits for `promise`, but not longer than so. */
export async function withinMs(promise: Promise<unknown>, limitMs: number): Promise<void> {
  const { promise: limit, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, Math.min(limitMs, MAX_TIMER_MS));
  try {
    await Promise.race([promise, limit]);
  } finally {
    clearTimeout(timer);
  }
}
