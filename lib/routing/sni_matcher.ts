import { parseIp } from "../base/mod.ts";

/** An invalid pattern or protocol of a route; the message names it and what was expected. */
export class RouteError extends Error {
  override readonly name = "RouteError";
}

/**
 * The server name pattern of a route.
 *
 * - `exact`: that name.
 * - `below`: every name with at least one label more on the left, so `*.example.com` matches `a.example.com` and
 *   `a.b.example.com`, and not `example.com`. nginx, Envoy and the Kubernetes Gateway API route so. (A certificate's
 *   wildcard stands for one label alone, RFC 9525 section 6.3; but that is the target's to check. Who wants
 *   deeper names to go elsewhere puts a route for them before.)
 * - `any`: every name, but there must be one. A route that wants no name at all takes connections without one too.
 */
export type SniPattern =
  | { readonly kind: "exact"; readonly name: string }
  | { readonly kind: "below"; readonly name: string }
  | { readonly kind: "any" };

/** The longest host name in text (RFC 1035 section 2.3.4). */
const MAX_HOST_NAME_LENGTH = 253;

/**
 * Parses `exact.example.com`, `*.example.com` or `*`. Case and a closing dot do not matter. International names are
 * written as on the wire, in A-labels (`xn--bcher-kva.example`).
 *
 * @throws {RouteError} when it is none of them.
 */
export function parseSniPattern(text: string): SniPattern {
  if (text === "*") return { kind: "any" };
  const isBelow = text.startsWith("*.");
  const name = (isBelow ? text.slice("*.".length) : text).toLowerCase().replace(/\.$/, "");
  if (name.includes("*")) {
    throw new RouteError(
      `the server name "${text}" has a "*" within; expected one only as the first label`,
    );
  }
  if (/[^\0-\x7f]/.test(name)) {
    throw new RouteError(
      `the server name "${text}" has letters beyond ASCII; expected its "xn--" form`,
    );
  }
  if (parseIp(name) !== undefined) {
    throw new RouteError(
      `the server name "${text}" is an IP address, which clients never send; expected a name`,
    );
  }
  const good = name.length <= MAX_HOST_NAME_LENGTH &&
    name.split(".").every((label) => /^[a-z0-9_-]{1,63}$/.test(label));
  if (!good) {
    throw new RouteError(
      `the server name "${text}" is no host name; expected letters, digits, "-", "_" and "."`,
    );
  }
  return { kind: isBelow ? "below" : "exact", name };
}

/** Writes a pattern so that {@link parseSniPattern} reads the same one again. */
export function formatSniPattern(pattern: SniPattern): string {
  switch (pattern.kind) {
    case "any":
      return "*";
    case "below":
      return `*.${pattern.name}`;
    case "exact":
      return pattern.name;
  }
}

/**
 * Whether a pattern matches a server name.
 *
 * @param sni the name in lower case and without closing dot, as a ClientHello gives it.
 */
export function matchesSni(pattern: SniPattern, sni: string): boolean {
  switch (pattern.kind) {
    case "any":
      return true;
    case "below":
      return sni.endsWith(`.${pattern.name}`);
    case "exact":
      return sni === pattern.name;
  }
}
