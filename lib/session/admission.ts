import type { Address, Reason } from "../base/mod.ts";
import type { AccessList, ClientLimiter } from "../limits/mod.ts";

/** Who may come in, and how many at once. */
export interface AdmissionRules {
  readonly access?: AccessList | undefined;
  readonly clients?: ClientLimiter | undefined;
}

/**
 * Asks whether a client may come in; gives the guard that counts it until it is disposed of (nothing where nothing is
 * counted), or the reason why not.
 *
 * The client of a unix socket has no address: the permissions of the socket's file say who that may be.
 */
export function admit(
  rules: AdmissionRules,
  client: Address,
  nowMs: number,
): Disposable | Reason | undefined {
  if (client.kind === "unix") return undefined;
  if (rules.access !== undefined && !rules.access.allows(client.host)) return "denied";
  return rules.clients?.admit(client.host, nowMs);
}
