/**
 * Checks across values: names differ, every app has a listener, no two listeners want the same
 * socket, options go together. They read the values as written, so that one bad value elsewhere hides none of them.
 *
 * @module
 */

import type { Claim } from "./loops/claim.ts";
import { normalize } from "node:path";
import { collides, formatAddress, formatIp, isIpv4Mapped, parseIp, unmapIp } from "../../base/mod.ts";
import type { PortRange } from "../../base/mod.ts";
import { App, BUILT_IN_APP_OPTIONS, ListenRange, Ports } from "../schema/app/app.ts";
import { checkAccess } from "./check_access.ts";
import { adminClaim, checkAdmin } from "./check_admin.ts";
import { checkLoops } from "./loops/check_loops.ts";
import { checkOptions } from "./check_options.ts";
import { checkProtocols } from "./protocols/check_protocols.ts";
import { checkPassedName } from "./protocols/check_tls.ts";
import { checkPassedSockets } from "./check_passed_sockets.ts";
import { checkRoutes } from "./check_routes.ts";
import { checkSockets } from "./check_sockets.ts";
import { checkStarttls } from "./protocols/check_starttls.ts";
import { checkTargets } from "./targets/check_targets.ts";
import type { Assembly, WrittenApp } from "../include/assembly.ts";
import { Root } from "../schema/root.ts";
import { asList, isNone, parsed, type Raw } from "./raw.ts";
import { suggest } from "../report/suggest.ts";
import type { Path, Problem } from "../report/problem.ts";

/** The most addresses of a config: more than there are ports, less than there are file descriptors. */
export const MAX_LISTENERS = 100_000;

/** One address, and the entry that wants it. */
interface Holder {
  readonly host: string;
  readonly claim: Claim;
}

/** What a message calls a path, where it speaks of another one. */
type NameOf = Assembly["name"];

/** Checks the files of a config as they were written; what the schema refuses is passed over. */
export function crossCheck(assembly: Assembly): Problem[] {
  const root = assembly.root;
  const apps = assembly.apps.map(({ app }) => app);
  const claims = assembly.apps.flatMap((each, index) => claimsOf(each, index));
  const nameOf: NameOf = (path, from) => assembly.name(path, from);
  const together = [
    ...checkNames(apps, nameOf),
    ...checkPassedSockets(apps, { engine: root.engine, nameOf }),
    ...checkListenerCount(claims) ?? checkCollisions([...claims, ...claimOfAdmin(root)], nameOf),
    ...checkListenerCount(claims) === undefined ? checkLoops({ apps: assembly.apps, claims, nameOf }) : [],
  ];
  return [
    ...checkApps(assembly),
    ...checkAdmin(root),
    ...together.map((problem) => assembly.own(problem)),
    ...assembly.defaults.flatMap(({ file, defaults }) =>
      inFile(file, checkOptions(defaults, ["defaults"], {}))
    ),
    ...assembly.apps.flatMap((each) => inFile(each.file, checkApp(each))),
  ];
}

function inFile(file: string | undefined, problems: readonly Problem[]): readonly Problem[] {
  return file === undefined ? problems : problems.map((problem) => ({ ...problem, file }));
}

function checkApp({ app, path, defaults }: WrittenApp): Problem[] {
  return [
    ...checkListens(app, path),
    ...checkTargets(app, path, defaults),
    ...checkRoutes(app, path),
    ...checkProtocols(app, path, defaults),
    ...checkStarttls(app, path, defaults),
    ...checkPassedName(app, path, defaults),
    ...checkAccess(app, path, defaults),
    ...checkSockets(app, path, defaults),
    ...checkOptions(app, path, defaults),
  ];
}

/** That there is an app at all, in some file. */
function checkApps({ root, isMapping, apps }: Assembly): Problem[] {
  const isEmpty = Array.isArray(root.apps) && root.apps.length === 0;
  if (apps.length > 0 || !isMapping || (root.apps !== undefined && !isEmpty)) return [];
  if (!isNone(root.include)) {
    const message = "the config and the files that it includes have no app; expected at least one";
    return [{ path: ["include"], message }];
  }
  if (isEmpty) return [{ path: ["apps"], message: "the value is empty; expected at least one app" }];
  // A mistyped key is reported as what it is.
  const isMistyped = Object.keys(root).some((key) =>
    !Object.hasOwn(Root.shape, key) && suggest(key, Object.keys(Root.shape)) === "apps"
  );
  return isMistyped ? [] : [{ path: [], message: `the key "apps" is missing; expected a list of apps` }];
}

function checkNames(apps: readonly Raw[], nameOf: NameOf): Problem[] {
  const problems: Problem[] = [];
  const first = new Map<string, number>();
  for (const [index, { name }] of apps.entries()) {
    if (!App.shape.name.safeParse(name).success) continue;
    const taken = first.get(String(name));
    if (taken === undefined) first.set(String(name), index);
    else {
      const path: Path = ["apps", index, "name"];
      const other = nameOf(["apps", taken], path);
      problems.push({ path, message: `the name "${name}" is that of ${other} too; give each app its own` });
    }
  }
  return problems;
}

function checkListens(app: Raw, path: Path): Problem[] {
  const keys = Object.keys(app);
  if (keys.length === 0 || !isNone(app.ports) || !isNone(app.listen)) return [];
  // A mistyped key is reported as what it is.
  if (keys.some((key) => !Object.hasOwn(App.shape, key) && suggest(key, ["ports", "listen"]) !== undefined)) {
    return [];
  }
  return [{ path, message: `the app has no listener; set "ports" or "listen"` }];
}

function claimsOf({ app, defaults }: WrittenApp, index: number): Claim[] {
  const host = parsed(App.shape.host, app.host) ?? parsed(App.shape.host, defaults.host) ??
    BUILT_IN_APP_OPTIONS.host;
  const ports = asList(app.ports).map((entry, at): Claim | undefined => {
    const range: PortRange | undefined = Ports.safeParse(entry).data;
    return range && { path: ["apps", index, "ports", at], range: { kind: "tcp_range", host, ...range } };
  });
  const listen = asList(app.listen).map((entry, at): Claim | undefined => {
    const range = ListenRange.safeParse(entry).data;
    if (range?.kind === "systemd") return undefined;
    return range && { path: ["apps", index, "listen", at], range };
  });
  return [...ports, ...listen].filter((claim) => claim !== undefined);
}

/** Last, so that the conflict is reported at the admin API and not at an app. */
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
function checkCollisions(claims: readonly Claim[], nameOf: NameOf): Problem[] {
  const problems: Problem[] = [];
  const ports = new PortTable();
  const paths = new Map<string, Claim>();
  for (const claim of claims) {
    const { range } = claim;
    if (range.kind === "unix") {
      const holder = paths.get(normalize(range.path));
      if (holder === undefined) paths.set(normalize(range.path), claim);
      else problems.push(collision({ claim, holder, nameOf }, formatAddress(range), 0));
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
      const address = formatAddress({ kind: "tcp", host: range.host, port });
      problems.push(collision({ claim, holder, nameOf }, address, others));
    }
  }
  return problems;
}

function collision(
  { claim: { path }, holder, nameOf }: { claim: Claim; holder: Claim; nameOf: NameOf },
  address: string,
  others: number,
): Problem {
  const more = others === 0 ? "" : ` (and ${others} more)`;
  const message = `the address "${address}"${more} is taken by ${
    nameOf(holder.path, path)
  }; choose a free one`;
  return { path, message };
}

/** Listeners by port. Only those that can collide are compared: the same host, wildcards, and all for a wildcard. */
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
