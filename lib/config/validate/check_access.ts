/**
 * Finds access lists that contradict each other: `deny` wins over `allow`.
 *
 * @module
 */

import type { Cidr } from "../../base/mod.ts";
import { Defaults } from "../schema/app/app.ts";
import { asMapping, isNone, parsed, type Raw } from "./raw.ts";
import type { Path, Problem } from "../report/problem.ts";

/**
 * Whether the clients of an app have addresses: all do except those of unix sockets without a PROXY header.
 */
export function hasClientAddresses(app: Raw, defaults: Raw): boolean {
  const isOnUnixAlone = isNone(app.ports) && Array.isArray(app.listen) && !isNone(app.listen) &&
    app.listen.every((address) => typeof address === "string" && address.startsWith("unix:"));
  return !isOnUnixAlone || acceptsHeader(app.proxy_protocol ?? defaults.proxy_protocol);
}

/** Whether a raw `proxy_protocol` accepts headers. */
export function acceptsHeader(proxyProtocol: unknown): boolean {
  const { accept } = asMapping(proxyProtocol);
  return accept === "required" || accept === "optional";
}

/** Which entries of `allow` lie within one of `deny`; `undefined` where either is empty or cannot be read. */
export function shutOut(app: Raw, defaults: Raw): readonly boolean[] | undefined {
  const allow = parsed(Defaults.shape.allow, app.allow ?? defaults.allow) ?? [];
  const deny = parsed(Defaults.shape.deny, app.deny ?? defaults.deny) ?? [];
  if (allow.length === 0 || deny.length === 0) return undefined;
  return allow.map((block) => deny.some((outer) => holds(outer, block)));
}

/** Checks that an app is open to someone. What it has from `defaults` alone is said there. */
export function checkAccess(app: Raw, path: Path, defaults: Raw): Problem[] {
  if (!hasClientAddresses(app, defaults) || shutOut(app, defaults)?.includes(false) !== false) return [];
  if (app.allow !== undefined || app.deny === undefined) {
    const message =
      `every client that is let in is kept out by "deny", which wins; narrow "deny", or allow clients outside it`;
    return [{ path: [...app.allow === undefined ? ["defaults"] : path, "allow"], message }];
  }
  const message = `every client of "allow" in "defaults" is kept out; narrow this list`;
  return [{ path: [...path, "deny"], message }];
}

/** Whether all addresses of a block are in another one. */
function holds(outer: Cidr, inner: Cidr): boolean {
  if (outer.network.length !== inner.network.length || outer.prefix > inner.prefix) return false;
  return outer.network.every((byte, index) => {
    const kept = Math.min(8, Math.max(0, outer.prefix - index * 8));
    return byte === ((inner.network[index] ?? 0) & (0xff << (8 - kept)) & 0xff);
  });
}
