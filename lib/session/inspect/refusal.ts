import type { Address, Reason } from "../../base/mod.ts";
import type { ProxyTlvs } from "../../protocol/mod.ts";

/** A connection that may not go on, in one word and in words. */
export interface Refusal {
  readonly reason: Reason;
  readonly detail: string;
}

/** The content of a PROXY header: the client's address and the address it connected to; neither for a LOCAL header. */
export interface Announced {
  readonly source: Address | undefined;
  readonly destination: Address | undefined;
  /** Its fields (TLV). */
  readonly tlvs: ProxyTlvs;
}
