/**
 * Which listener of the config a dial comes to, as far as a config knows: by the same name or number, by loopback, and by the
 * wildcards. That an address is one of the machine's own, or that a name leads to it, only the machine knows.
 *
 * @module
 */

import { normalize } from "node:path";
import { formatIp, parseIp, type TargetAddress, unmapIp } from "../../../base/mod.ts";
import type { Claim } from "./claim.ts";

/** All listeners of a config. */
export class Listeners {
  readonly #claims: readonly Claim[];
  readonly #paths = new Map<string, Claim>();
  readonly #hosts = new Set<string>();
  #ports: Map<number, Map<string, Claim>> | undefined;

  constructor(claims: readonly Claim[]) {
    this.#claims = claims;
    for (const claim of claims) {
      const { range } = claim;
      if (range.kind === "unix") this.#paths.set(normalize(range.path), claim);
      else this.#hosts.add(canonical(range.host));
    }
  }

  /**
   * The listener that a target of an app leads to; `undefined` where that is none. One written `host:*` leads to the app's
   * own or to none: to which other it leads, the port of each client says.
   */
  reachedBy(address: TargetAddress, app: number): Claim | undefined {
    if (address.kind === "unix") return this.#paths.get(normalize(address.path));
    const hosts = listenersOf(canonical(address.host)).filter((host) => this.#hosts.has(host));
    if (hosts.length === 0) return undefined;
    if (address.kind === "same_port") {
      return this.#claims.find(({ path, range }) =>
        path[1] === app && range.kind !== "unix" && hosts.includes(canonical(range.host))
      );
    }
    this.#ports ??= byPort(this.#claims);
    const holders = this.#ports.get(address.port);
    for (const host of hosts) {
      const listener = holders?.get(host);
      if (listener !== undefined) return listener;
    }
    return undefined;
  }
}

/** Listeners by port and host. Built only when a target could be one of them, which is rare. */
function byPort(claims: readonly Claim[]): Map<number, Map<string, Claim>> {
  const ports = new Map<number, Map<string, Claim>>();
  for (const claim of claims) {
    const { range } = claim;
    if (range.kind === "unix") continue;
    const host = canonical(range.host);
    for (let port = range.first; port <= range.last; port++) {
      const holders = ports.get(port) ?? new Map<string, Claim>();
      ports.set(port, holders);
      holders.set(host, claim);
    }
  }
  return ports;
}

/**
 * The hosts of listeners that a dial to this one comes to. A wildcard is dialed as the loopback of its family, and so is
 * every name under `localhost` (RFC 6761 section 6.3).
 */
function listenersOf(host: string): string[] {
  if (host === "localhost" || host.endsWith(".localhost")) {
    return ["127.0.0.1", "::1", "localhost", host, "0.0.0.0", "::"];
  }
  if (host === "127.0.0.1" || host === "0.0.0.0") return ["127.0.0.1", "localhost", "0.0.0.0", "::"];
  if (host === "::1" || host === "::") return ["::1", "::"];
  return parseIp(host)?.[0] === 127 ? [host, "0.0.0.0", "::"] : [host];
}

function canonical(host: string): string {
  const bytes = parseIp(host);
  return bytes === undefined ? host.toLowerCase().replace(/\.$/, "") : formatIp(unmapIp(bytes));
}
