import type { Address, Reason } from "../../base/mod.ts";
import type { AccessList, ClientLimiter } from "../../limits/mod.ts";

/** The access rules of an app, and its limits per client. */
export interface AdmissionRules {
  readonly access?: AccessList | undefined;
  readonly clients?: ClientLimiter | undefined;
}

/** A connection that asks to be admitted. */
export interface Arrival {
  /** Where the connection really comes from. */
  readonly peer: Address;
  /** The client that a PROXY header named; `undefined` for none. */
  readonly announced: Address | undefined;
}

/**
 * Asks whether a client may come in; gives the guard that counts it until it is disposed of (nothing where nothing is
 * counted), or the reason why not.
 *
 * The client of a unix socket has no address: the permissions of the socket's file say who that may be. Those of the
 * sender's own sockets, whose paths a PROXY header may name, say nothing here, so that the sender itself is judged then.
 */
export function admit(
  rules: AdmissionRules,
  { peer, announced }: Arrival,
  nowMs: number,
): Disposable | Reason | undefined {
  const judged = announced?.kind === "tcp" ? announced : peer;
  if (judged.kind === "unix") return undefined;
  if (rules.access !== undefined && !rules.access.allows(judged.host)) return "denied";
  return rules.clients?.admit(judged.host, nowMs);
}
