import { type Cidr, formatCidr, type IpBytes } from "../base/mod.ts";
import { CidrSet } from "./cidr_set.ts";

/** Who may come in. */
export interface AccessRules {
  /** When not empty, nobody else. */
  readonly allow?: readonly Cidr[];
  /** Never these, whatever `allow` says. */
  readonly deny?: readonly Cidr[];
}

/** What the rules say of one address. */
export interface AccessVerdict {
  readonly allowed: boolean;
  /** The rule that decided, as the config has it (`deny 10.9.0.0/16`), or why none did (`not in allow`). */
  readonly rule: string;
}

/** Rules for clients' addresses, compiled once; deny wins. */
export class AccessList {
  readonly #allow: CidrSet;
  readonly #deny: CidrSet;

  constructor({ allow = [], deny = [] }: AccessRules) {
    this.#allow = new CidrSet(allow);
    this.#deny = new CidrSet(deny);
  }

  /**
   * Whether a client with this address may come in. What is no IP address is in no block: it is let in only where
   * there is nothing that must allow it. (The client of a unix socket has none; the permissions of the socket's file
   * say who that may be, so it need not be asked about here.)
   */
  allows(address: string | IpBytes): boolean {
    if (this.#deny.size > 0 && this.#deny.find(address) !== undefined) return false;
    return this.#allow.size === 0 || this.#allow.find(address) !== undefined;
  }

  /** As {@link AccessList.allows}, and why. Where blocks are within each other, the widest is named. */
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
