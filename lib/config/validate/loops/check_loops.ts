/**
 * Targets that lead back to where they are dialed from, as far as the config shows it: then the message has the place. The
 * others (a name of this machine, ports that are followed from app to app) are found when the proxy runs.
 *
 * @module
 */

import { formatAddress, type TargetAddress } from "../../../base/mod.ts";
import type { Claim } from "./claim.ts";
import { Listeners } from "./listeners.ts";
import { asList, asMapping, parsed, type Raw } from "../raw.ts";
import { TargetMapping } from "../../schema/app/target.ts";
import type { Path, Problem } from "../../report/problem.ts";

/** What is looked at. */
export interface LoopCheck {
  readonly apps: readonly { readonly app: Raw; readonly defaults: Raw }[];
  /** The listeners of all apps. */
  readonly claims: readonly Claim[];
  /** What a message calls a path, where it speaks of another one. */
  nameOf(path: Path, from: Path): string;
}

/** Finds each target that leads back, by way of other apps too. */
export function checkLoops({ apps, claims, nameOf }: LoopCheck): Problem[] {
  const listeners = new Listeners(claims);
  const beginsTls = apps.map(({ app, defaults }) =>
    typeof (app.target_tls ?? defaults.target_tls) === "object"
  );
  const noneBeginsTls = !beginsTls.includes(true);
  const leads = apps.map(({ app }, index) =>
    targetsOf(app, index).flatMap(({ isConditional, ...target }): Lead[] => {
      const listener = listeners.reachedBy(target.address, index);
      if (listener === undefined) return [];
      // A connection that comes back under another server name takes another route; only TLS that begins here changes it.
      const keepsName = noneBeginsTls || (listener.path[1] === index && !beginsTls[index]);
      return isConditional && !keepsName ? [] : [{ ...target, listener }];
    })
  );
  return loopsIn(leads, nameOf);
}

/** A target of an app. */
interface AppTarget {
  readonly path: Path;
  readonly address: TargetAddress;
  /** Whether a route by name or protocol comes before. */
  readonly isConditional: boolean;
}

/** A target that is a listener of some app. */
interface Lead extends Omit<AppTarget, "isConditional"> {
  readonly listener: Claim;
}

function targetsOf(app: Raw, index: number): AppTarget[] {
  const path = ["apps", index];
  const routes = asList(app.routes).flatMap((value, at) => {
    const { sni, alpn, targets } = asMapping(value);
    return addressesOf(targets, [...path, "routes", at, "targets"], sni !== undefined || alpn !== undefined);
  });
  return [...addressesOf(app.targets, [...path, "targets"], false), ...routes];
}

function addressesOf(targets: unknown, path: Path, isConditional: boolean): AppTarget[] {
  return asList(targets).flatMap((target, index): AppTarget[] => {
    const isText = typeof target === "string";
    const text = isText ? target : asMapping(target).address;
    // An address without a port is a service name.
    if (typeof text !== "string" || !text.includes(":")) return [];
    const address = parsed(TargetMapping.shape.address, text);
    if (address === undefined) return [];
    return [{ path: [...path, index, ...isText ? [] : ["address"]], address, isConditional }];
  });
}

/** Follows the leads of each app, depth first: what leads to an app that is on the way already is a loop. */
function loopsIn(leads: readonly (readonly Lead[])[], nameOf: LoopCheck["nameOf"]): Problem[] {
  const problems: Problem[] = [];
  const seen = new Set<number>();
  const onTheWay = new Set<number>();
  for (const start of leads.keys()) {
    if (seen.has(start)) continue;
    seen.add(start);
    onTheWay.add(start);
    const way = [{ app: start, taken: -1 }];
    for (let step = way.at(-1); step !== undefined; step = way.at(-1)) {
      const lead = leads[step.app]?.[++step.taken];
      if (lead === undefined) {
        onTheWay.delete(step.app);
        way.pop();
        continue;
      }
      const next = Number(lead.listener.path[1]);
      if (onTheWay.has(next)) {
        const at = way.findLastIndex(({ app }) => app === next);
        const back = way.slice(at, -1).flatMap(({ app, taken }) => leads[app]?.[taken] ?? []);
        const name = (path: Path): string => nameOf(path, lead.path);
        problems.push({ path: lead.path, message: describe(lead, back.map(({ path }) => path), name) });
      } else if (!seen.has(next)) {
        seen.add(next);
        onTheWay.add(next);
        way.push({ app: next, taken: -1 });
      }
    }
  }
  return problems;
}

/** A longer way is counted, not listed. */
const MAX_LISTED = 3;

function describe({ address, listener }: Lead, back: readonly Path[], name: (path: Path) => string): string {
  const what = `the address "${formatAddress(address)}" is`;
  const where = name(listener.path);
  if (back.length === 0) {
    return `${what} the app's own listener ${where}, and connections would come back without end; expected another address`;
  }
  const listed = back.length > MAX_LISTED ? `${back.length} targets` : back.map(name).join(" and ");
  const lead = back.length === 1 ? "leads" : "lead";
  return `${what} the listener ${where}, from which ${listed} ${lead} back here, and connections would go round without end; expected another address`;
}
