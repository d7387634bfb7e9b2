import { formatAddress, parseIp, type TcpAddress } from "../../base/mod.ts";
import type { AppConfig } from "../../config/parsed.ts";
import { isUnspecified, type OwnListeners } from "../../dial/mod.ts";
import { AccessList } from "../../limits/mod.ts";

/** Decides which discovered addresses of an app can be targets. */
export class DiscoveredTargets {
  readonly #app: AppConfig;
  readonly #listeners: OwnListeners;
  readonly #within: AccessList | undefined;
  /** Whether the runtime allows connections to some addresses only. */
  readonly #isLimited: boolean;

  constructor(app: AppConfig, listeners: OwnListeners) {
    const { within } = app.discovery;
    this.#app = app;
    this.#listeners = listeners;
    this.#within = within.length === 0 ? undefined : new AccessList({ allow: within });
    this.#isLimited = Deno.permissions.querySync({ name: "net" }).state !== "granted";
  }

  /** Returns why an address cannot be a target; `undefined` where it can. */
  whyNot(address: TcpAddress): string | undefined {
    if (isUnspecified(address.host)) return "the unspecified address leads to this machine";
    const own = this.#listeners.certainAt(address);
    if (own?.app === this.#app.name) {
      return `it leads to the app's own listener ${formatAddress(own.address)}`;
    }
    if (this.#within?.allows(address.host) === false) {
      return parseIp(address.host) === undefined
        ? `"discovery.within" is set, which a name cannot be held to; give its address`
        : `it is not in the networks of "discovery.within"`;
    }
    return this.#isLimited ? whyForbidden(address) : undefined;
  }
}

/** What the runtime does not allow would fail at each dial, without a word of the flag. */
function whyForbidden(address: TcpAddress): string | undefined {
  const host = formatAddress(address);
  if (Deno.permissions.querySync({ name: "net", host }).state === "granted") return undefined;
  return `the runtime does not allow connections to it; run with --allow-net=${host}, or set "discovery.within" and run with the flags that "tcpproxy permissions" prints`;
}
