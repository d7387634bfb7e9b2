import type { Address } from "../../base/mod.ts";
import type { AccessList, ClientLimiter } from "../../limits/mod.ts";
import type { Refusal } from "./refusal.ts";

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
 * counted), or why not.
 *
 * The client of a unix socket has no address: the permissions of the socket's file say who that may be. Those of the
 * sender's own sockets, whose paths a PROXY header may name, say nothing here, so that the sender itself is judged then.
 */
export function admit(
  rules: AdmissionRules,
  { peer, announced }: Arrival,
  nowMs: number,
): Disposable | Refusal | undefined {
  const judged = announced?.kind === "tcp" ? announced : peer;
  if (judged.kind === "unix") return undefined;
  if (rules.access !== undefined && !rules.access.allows(judged.host)) {
    return { reason: "denied", detail: rules.access.explain(judged.host).rule };
  }
  const admitted = rules.clients?.admit(judged.host, nowMs);
  return typeof admitted === "string" ? LIMITED[admitted] : admitted;
}

/** A client above one of its own limits. */
const LIMITED: Readonly<Record<"limit" | "rate_limit", Refusal>> = {
  limit: { reason: "limit", detail: "the client has max_connections_per_client open" },
  ["rate_limit"]: { reason: "rate_limit", detail: "the client is above accept_rate_per_client" },
};
