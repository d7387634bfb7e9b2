import { type Cidr, formatCidr, type IpBytes } from "../base/mod.ts";
import { CidrSet } from "./cidr_set.ts";

/** Rules for client addresses. */
export interface AccessRules {
  /** If not empty, only these may connect. */
  readonly allow?: readonly Cidr[];
  /** Never these, even if `allow` contains them. */
  readonly deny?: readonly Cidr[];
}

/** The decision about one address. */
export interface AccessVerdict {
  readonly allowed: boolean;
  /** The rule that decided, as in the config (`deny 10.9.0.0/16`), or why none did (`not in allow`). */
  readonly rule: string;
}

/** Access rules for client addresses, compiled once; deny wins. */
export class AccessList {
  readonly #allow: CidrSet;
  readonly #deny: CidrSet;

  constructor({ allow = [], deny = [] }: AccessRules) {
    this.#allow = new CidrSet(allow);
    this.#deny = new CidrSet(deny);
  }

  /**
   * Returns whether a client with this address may connect. Text that is not an IP address is in no block, so it is
   * admitted only without `allow` rules. (Clients of a unix socket have no address; the permissions of the socket
   * file control who may connect.)
   */
  allows(address: string | IpBytes): boolean {
    if (this.#deny.size > 0 && this.#deny.find(address) !== undefined) return false;
    return this.#allow.size === 0 || this.#allow.find(address) !== undefined;
  }

  /** As {@link AccessList.allows}, with the reason. Of nested blocks, the widest is named. */
  explain(address: string | IpBytes): AccessVerdict {
    const denied = this.#deny.find(address);
    if (denied !== undefined) return { allowed: false, rule: `deny ${formatCidr(denied)}` };
    if (this.#allow.size === 0) {
      return { allowed: true, rule: this.#deny.size === 0 ? "no rules" : "not in deny" };
    }
    const allowed = this.#allow.find(address);
    if (allowed === undefined) return { allowed: false, rule: "not in allow" };
    return { allowed: true, rule: `allow ${formatCidr(allowed)}` };
  }
}
