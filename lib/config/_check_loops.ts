/**
 * Targets that lead back to where they are dialed from. A single connection then makes connections until the process has no
 * file descriptor left, and with that ends every other app.
 *
 * @module
 */

import { formatAddress, MAX_PORT, type TargetAddress } from "../base/mod.ts";
import type { Claim } from "./_cross_checks.ts";
import { type Arrival, Listeners, type Reach } from "./_listeners.ts";
import { asList, asMapping, parsed, type Raw } from "./_raw.ts";
import { TargetMapping } from "./_target.ts";
import { formatPath } from "./problem.ts";
import type { Path, Problem } from "./problem.ts";

/** What is looked at. */
export interface LoopCheck {
  readonly apps: readonly Raw[];
  /** The listeners of all apps. */
  readonly claims: readonly Claim[];
  readonly defaults: Raw;
}

/** How many steps are made at most: as many as a thousand apps with a thousand ports each have. */
const MAX_STEPS = 1_000_000;

/** Says of each target that leads back, by way of other apps too, that it does. */
export function checkLoops({ apps, claims, defaults }: LoopCheck): Problem[] {
  const listeners = new Listeners(claims);
  const hubs = apps.map((app, index) => hubOf(app, ["apps", index], listeners, defaults));
  for (const { path, range } of claims) {
    hubs[Number(path[1])]?.ports.push(range.kind === "unix" ? NO_PORT : range);
  }
  const search = new LoopSearch(hubs);
  search.run(({ isConditional }) => !isConditional);
  // A connection that comes back under another server name takes another route; only TLS that begins here changes it.
  search.run((_lead, hub) => !hub.beginsTls);
  return search.problems();
}

/** An app, as far as connections lead from it to listeners. */
interface Hub {
  readonly leads: readonly Lead[];
  /** Whether they lead elsewhere on each port that clients come to. */
  readonly followsPort: boolean;
  readonly beginsTls: boolean;
  /** What it listens on. */
  readonly ports: { readonly first: number; readonly last: number }[];
}

/** What a unix socket has in their place. */
const NO_PORT = { first: 0, last: 0 };

/** Targets of one app that lead to the same listeners. */
interface Lead extends Reach {
  readonly targets: { readonly path: Path; readonly address: TargetAddress }[];
  /** Whether a route by name or protocol comes before. */
  readonly isConditional: boolean;
}

function hubOf(app: Raw, path: Path, listeners: Listeners, defaults: Raw): Hub {
  const leads = new Map<string, Lead>();
  const add = (targets: unknown, at: Path, isConditional: boolean): void => {
    for (const [index, target] of asList(targets).entries()) {
      const isText = typeof target === "string";
      const text = isText ? target : asMapping(target).address;
      // What has no port is the name of a service.
      if (typeof text !== "string" || !text.includes(":")) continue;
      const address = parsed(TargetMapping.shape.address, text);
      const reach = address && listeners.reachOf(address);
      if (address === undefined || reach === undefined) continue;
      const key = `${isConditional} ${reach.key}`;
      const lead = leads.get(key) ?? { ...reach, isConditional, targets: [] };
      leads.set(key, lead);
      lead.targets.push({ path: [...at, index, ...isText ? [] : ["address"]], address });
    }
  };
  add(app.targets, [...path, "targets"], false);
  for (const [index, value] of asList(app.routes).entries()) {
    const { sni, alpn, targets } = asMapping(value);
    add(targets, [...path, "routes", index, "targets"], sni !== undefined || alpn !== undefined);
  }
  return {
    leads: [...leads.values()],
    followsPort: [...leads.values()].some((lead) => lead.followsPort),
    beginsTls: typeof (app.target_tls ?? defaults.target_tls) === "object",
    ports: [],
  };
}

/** A place on the way of a connection: an app, and the port on which it came there if that makes a difference. */
interface Step {
  readonly hub: Hub;
  readonly port: number;
  readonly key: number;
  /** The lead that was taken last. */
  taken: number;
}

/** A lead that leads back. */
interface Loop {
  readonly lead: Lead;
  readonly arrival: Arrival;
  /** Targets that lead from where it leads to where it is; none where that is the same app. */
  readonly way: readonly Path[];
  /** On how many ports more it does. */
  others: number;
}

/** Goes the ways of all connections, depth first: whatever leads to a place that is on the way already is a loop. */
class LoopSearch {
  readonly #hubs: readonly Hub[];
  readonly #loops = new Map<Lead, Loop>();
  #steps = 0;

  constructor(hubs: readonly Hub[]) {
    this.#hubs = hubs;
  }

  /** Goes the ways that some of the leads make. Those that are known to lead back are not looked at again. */
  run(takes: (lead: Lead, hub: Hub) => boolean): void {
    const known = new Set(this.#loops.keys());
    const seen = new Map<number, "open" | "done">();
    for (const [app, { leads, ports, followsPort }] of this.#hubs.entries()) {
      if (leads.length === 0) continue;
      for (const { first, last } of ports) {
        const end = followsPort ? last : first;
        for (let port = first; port <= end; port++) {
          this.#walk(this.#stepTo(app, port), seen, (lead, hub) => !known.has(lead) && takes(lead, hub));
        }
      }
    }
  }

  problems(): Problem[] {
    return [...this.#loops.values()].flatMap((loop) =>
      loop.lead.targets.map(({ path, address }) => ({ path, message: describe(loop, address) }))
    );
  }

  #walk(start: Step, seen: Map<number, "open" | "done">, takes: (lead: Lead, hub: Hub) => boolean): void {
    if (seen.has(start.key)) return;
    const way = [start];
    seen.set(start.key, "open");
    for (let step = way.at(-1); step !== undefined; step = way.at(-1)) {
      const lead = step.hub.leads[++step.taken];
      if (lead === undefined || this.#steps >= MAX_STEPS) {
        seen.set(step.key, "done");
        way.pop();
        continue;
      }
      this.#steps++;
      const arrival = takes(lead, step.hub) ? lead.find(step.port) : undefined;
      if (arrival === undefined) continue;
      const next = this.#stepTo(Number(arrival.listener.path[1]), arrival.port);
      const state = seen.get(next.key);
      if (state === "open") {
        this.#note(
          lead,
          arrival,
          way.slice(way.findIndex(({ key }) => key === next.key), -1),
        );
      }
      if (state !== undefined) continue;
      seen.set(next.key, "open");
      way.push(next);
    }
  }

  #stepTo(app: number, port: number): Step {
    const hub = this.#hubs[app];
    if (hub === undefined) {
      throw new RangeError(`the app is number ${app}, one of ${this.#hubs.length} was wanted`);
    }
    const own = hub.followsPort ? port : 0;
    return { hub, port: own, key: app * (MAX_PORT + 1) + own, taken: -1 };
  }

  #note(lead: Lead, arrival: Arrival, before: readonly Step[]): void {
    const known = this.#loops.get(lead);
    if (known !== undefined) {
      known.others++;
      return;
    }
    const way = before.flatMap(({ hub, taken }) => hub.leads[taken]?.targets.slice(0, 1) ?? []);
    this.#loops.set(lead, { lead, arrival, way: way.map(({ path }) => path), others: 0 });
  }
}

/** A longer way is counted, not told. */
const MAX_TOLD = 3;

function describe({ arrival: { listener, port }, way, others }: Loop, address: TargetAddress): string {
  const shown = formatAddress(
    address.kind === "same_port" ? { kind: "tcp", host: address.host, port } : address,
  );
  const more = others === 0 ? "" : ` (and ${others} more)`;
  return `the address "${shown}"${more} is ${
    whose(formatPath(listener.path), way)
  } without end, another was wanted`;
}

function whose(listener: string, way: readonly Path[]): string {
  if (way.length === 0) return `the app's own, ${listener}, and a connection would come back to it`;
  const told = way.length > MAX_TOLD ? `${way.length} targets` : way.map(formatPath).join(" and ");
  const leads = way.length === 1 ? "leads" : "lead";
  return `that of ${listener}, from where ${told} ${leads} back, and a connection would go round`;
}
