import type { Address, Reason } from "../base/mod.ts";
import type { ProxyTlvs } from "../protocol/mod.ts";

/** A connection that may not go on, in one word and in words. */
export interface Refusal {
  readonly reason: Reason;
  readonly detail: string;
}

/** What a PROXY header said: who the client is and where it wanted to go; nothing where the sender speaks for itself. */
export interface Announced {
  readonly source: Address | undefined;
  readonly destination: Address | undefined;
  /** What else it said. */
  readonly tlvs: ProxyTlvs;
}
