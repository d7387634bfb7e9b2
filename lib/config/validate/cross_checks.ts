/**
 * What no single value can know: that names differ, that an app listens somewhere, that no two listeners want the same
 * socket, and that options go together. They look at the values as written, so that one bad value elsewhere does not hide them.
 *
 * @module
 */

import type { Claim } from "./claim.ts";
import { normalize } from "node:path";
import { collides, formatAddress, formatIp, isIpv4Mapped, parseIp, unmapIp } from "../../base/mod.ts";
import type { PortRange } from "../../base/mod.ts";
import { App, BUILT_IN_APP_OPTIONS, ListenRange, Ports } from "../schema/app.ts";
import { checkAccess } from "./check_access.ts";
import { adminClaim, checkAdmin } from "./check_admin.ts";
import { checkLoops } from "./check_loops.ts";
import { checkOptions } from "./check_options.ts";
import { checkProtocols } from "./check_protocols.ts";
import { checkPassedName } from "./check_tls.ts";
import { checkRoutes } from "./check_routes.ts";
import { checkStarttls } from "./check_starttls.ts";
import { checkTargets } from "./check_targets.ts";
import { asList, asMapping, isNone, parsed, type Raw } from "./raw.ts";
import { suggest } from "../report/suggest.ts";
import { formatPath } from "../report/problem.ts";
import type { Path, Problem } from "../report/problem.ts";

/** The most addresses of a config: more than there are ports, less than there are file descriptors. */
export const MAX_LISTENERS = 100_000;

/** One address, and the entry that wants it. */
interface Holder {
  readonly host: string;
  readonly claim: Claim;
}

/** Checks a config as it was written; what the schema refuses is passed over. */
export function crossCheck(value: unknown): Problem[] {
  const root = asMapping(value);
  const defaults = asMapping(root.defaults);
  const apps = asList(root.apps).map(asMapping);
  const fallback = parsed(App.shape.host, defaults.host) ?? BUILT_IN_APP_OPTIONS.host;
  const claims = apps.flatMap((app, index) => claimsOf(app, index, fallback));
  return [
    ...checkNames(apps),
    ...checkAdmin(root),
    ...apps.flatMap(checkListens),
    ...checkListenerCount(claims) ?? checkCollisions([...claims, ...claimOfAdmin(root)]),
    ...checkListenerCount(claims) === undefined ? checkLoops({ apps, claims, defaults }) : [],
    ...checkOptions(defaults, ["defaults"], {}),
    ...apps.flatMap((app, index) => checkApp(app, ["apps", index], defaults)),
  ];
}

function checkApp(app: Raw, path: Path, defaults: Raw): Problem[] {
  return [
    ...checkTargets(app, path, defaults),
    ...checkRoutes(app, path),
    ...checkProtocols(app, path, defaults),
    ...checkStarttls(app, path, defaults),
    ...checkPassedName(app, path, defaults),
    ...checkAccess(app, path, defaults),
    ...checkOptions(app, path, defaults),
  ];
}

function checkNames(apps: readonly Raw[]): Problem[] {
  const problems: Problem[] = [];
  const first = new Map<string, number>();
  for (const [index, { name }] of apps.entries()) {
    if (!App.shape.name.safeParse(name).success) continue;
    const taken = first.get(String(name));
    if (taken === undefined) first.set(String(name), index);
    else {
      const message = `the name "${name}" is that of apps[${taken}] too; give each app its own`;
      problems.push({ path: ["apps", index, "name"], message });
    }
  }
  return problems;
}

function checkListens(app: Raw, index: number): Problem[] {
  const keys = Object.keys(app);
  if (keys.length === 0 || !isNone(app.ports) || !isNone(app.listen)) return [];
  // A mistyped key is reported as what it is.
  if (keys.some((key) => !Object.hasOwn(App.shape, key) && suggest(key, ["ports", "listen"]) !== undefined)) {
    return [];
  }
  return [{ path: ["apps", index], message: `the app has no listener; set "ports" or "listen"` }];
}

function claimsOf(app: Raw, index: number, fallback: string): Claim[] {
  const host = parsed(App.shape.host, app.host) ?? fallback;
  const ports = asList(app.ports).map((entry, at): Claim | undefined => {
    const range: PortRange | undefined = Ports.safeParse(entry).data;
    return range && { path: ["apps", index, "ports", at], range: { kind: "tcp_range", host, ...range } };
  });
  const listen = asList(app.listen).map((entry, at): Claim | undefined => {
    const range = ListenRange.safeParse(entry).data;
    return range && { path: ["apps", index, "listen", at], range };
  });
  return [...ports, ...listen].filter((claim) => claim !== undefined);
}

/** Last, so that an app keeps its address and the admin API is told to take another. */
function claimOfAdmin(root: Raw): Claim[] {
  const claim = adminClaim(root);
  if (claim === undefined) return [];
  const { path, address: { host, port } } = claim;
  return [{ path, range: { kind: "tcp_range", host, first: port, last: port } }];
}

function checkListenerCount(claims: readonly Claim[]): Problem[] | undefined {
  let count = 0;
  for (const { path, range } of claims) {
    count += range.kind === "unix" ? 1 : range.last - range.first + 1;
    if (count <= MAX_LISTENERS) continue;
    const message = `the config has ${count} listeners up to here; expected at most ${MAX_LISTENERS} in all`;
    return [{ path, message }];
  }
  return undefined;
}

/** One problem for each pair of entries that meet, however many ports they share. */
function checkCollisions(claims: readonly Claim[]): Problem[] {
  const problems: Problem[] = [];
  const ports = new PortTable();
  const paths = new Map<string, Claim>();
  for (const claim of claims) {
    const { range } = claim;
    if (range.kind === "unix") {
      const holder = paths.get(normalize(range.path));
      if (holder === undefined) paths.set(normalize(range.path), claim);
      else problems.push(collision(claim, holder, formatAddress(range), 0));
      continue;
    }
    const shared = new Map<Claim, { port: number; others: number }>();
    for (let port = range.first; port <= range.last; port++) {
      const holder = ports.take(port, range.host, claim);
      const seen = holder && shared.get(holder);
      if (seen !== undefined) seen.others++;
      else if (holder !== undefined) shared.set(holder, { port, others: 0 });
    }
    for (const [holder, { port, others }] of shared) {
      problems.push(collision(claim, holder, formatAddress({ kind: "tcp", host: range.host, port }), others));
    }
  }
  return problems;
}

function collision(claim: Claim, holder: Claim, address: string, others: number): Problem {
  const more = others === 0 ? "" : ` (and ${others} more)`;
  const message = `the address "${address}"${more} is taken by ${formatPath(holder.path)}; choose a free one`;
  return { path: claim.path, message };
}

/** Who holds which port. A port asks only whoever can collide: the same host, the wildcards, and all for a wildcard. */
class PortTable {
  readonly #ports = new Map<number, Map<string, Holder>>();

  /** Takes a port of a host; gives who has it already. */
  take(port: number, host: string, claim: Claim): Claim | undefined {
    let holders = this.#ports.get(port);
    if (holders === undefined) {
      holders = new Map();
      this.#ports.set(port, holders);
    }
    const key = bindingHost(host);
    const same = holders.get(key);
    if (same !== undefined) return same.claim;
    const isWildcard = key === "::" || key === "0.0.0.0";
    const others = isWildcard ? holders.values() : [holders.get("::"), holders.get("0.0.0.0")];
    holders.set(key, { host: key, claim });
    for (const other of others) {
      if (other === undefined || other.claim === claim) continue;
      const a = { kind: "tcp", host: key, port } as const;
      if (collides(a, { kind: "tcp", host: other.host, port })) return other.claim;
    }
    return undefined;
  }
}

/** The host as the system binds it: an IPv4-mapped IPv6 address takes the IPv4 port. */
function bindingHost(host: string): string {
  const bytes = parseIp(host);
  return bytes !== undefined && isIpv4Mapped(bytes) ? formatIp(unmapIp(bytes)) : host;
}
