import type { Duplex } from "../../base/mod.ts";
import type { Upgrade } from "../../protocol/mod.ts";
import { PeekedConnection } from "../../routing/mod.ts";
import { PrefixedConnection } from "./prefixed.ts";
import { describeTalk, talk } from "./dialogue.ts";

/**
 * Talks with a target in its own protocol until TLS, or the session, may begin on the connection that this gives. The
 * limit is in the signal. Where this rejects, `raw` is still its caller's, to be closed.
 */
export async function upgradeTarget(raw: Duplex, upgrade: Upgrade, signal: AbortSignal): Promise<Duplex> {
  const peeked = new PeekedConnection(raw);
  const outcome = await talk(peeked, upgrade, { timeoutMs: Infinity, signal });
  signal.throwIfAborted();
  if (outcome.kind === "failed") throw outcome.error;
  if (outcome.kind !== "done") throw new Error(`before TLS: ${describeTalk(outcome)}`);
  const taken = peeked.take();
  if (taken === undefined) return peeked;
  return taken.bytes.length === 0 ? taken.conn : new PrefixedConnection(taken.conn, { lead: taken.bytes });
}
