import { clientHash, hashKeyOf } from "../../balancing/mod.ts";
import { type Address, formatAddress } from "../../base/mod.ts";
import type { AppConfig } from "../../config/parsed.ts";
import { Pool, type TargetSpec } from "../../pool/mod.ts";
import type { TargetSnapshot } from "../../app/mod.ts";

/** One target in the order in which a connection tries them. */
export interface TargetExplanation {
  /** As it is dialed; of an entry that discovery makes targets of, its name. */
  readonly address: string;
  readonly backup: boolean;
  /** Why it has this place, or none. */
  readonly why: string;
}

/** The client of the explained connection. */
export interface TargetQuestion {
  readonly config: AppConfig;
  readonly listener: Address;
  /** The client's address; that of a unix socket's client is the empty text. */
  readonly client: string;
  /** The server name that it asks for. */
  readonly sni?: string | undefined;
}

/** The order of an app's targets, and why. */
export interface ExplainedTargets {
  /** Those that the connection would try, in order. */
  readonly targets: readonly TargetExplanation[];
  /** Those that it would pass over as they are at this moment; one of weight 0 is no candidate at any moment. */
  readonly skipped: readonly TargetExplanation[];
  /** Whether all are tried because none is usable. */
  readonly isDesperate: boolean;
}

/** A target with the address that it has for this connection. */
interface Placed {
  readonly target: TargetSnapshot;
  readonly address: string;
}

/**
 * The targets that a connection would try, in order. Where chance or the connections before decide, the order is that of
 * the config, and each says so.
 */
export function explainTargets(
  targets: readonly TargetSnapshot[],
  question: TargetQuestion,
): ExplainedTargets {
  const isDesperate = !targets.some(isUsable);
  const mayBeTried = (target: TargetSnapshot): boolean =>
    !target.isFull && (isDesperate ? isAllowed(target) : isUsable(target));
  const placed = orderOf(targets, { mayBeTried, question });
  const skipped = targets.filter((target) => target.weight > 0 && !mayBeTried(target));
  const tiers = tiersOf(placed, skipped);
  return {
    isDesperate: isDesperate && placed.length > 0,
    targets: placed.map((each) => explained(each, whyOf({ ...each, tier: tierOf(each, tiers), question }))),
    skipped: skipped.map((target) =>
      explained({ target, address: addressFor(target, question) }, whyNot(target))
    ),
  };
}

function explained({ target, address }: Placed, why: string): TargetExplanation {
  const isBackup = target.tier > 0;
  return { address, backup: isBackup, why };
}

function isUsable(target: TargetSnapshot): boolean {
  return target.health === "up" && isAllowed(target);
}

function isAllowed({ weight, admin }: TargetSnapshot): boolean {
  return weight > 0 && admin === "ready";
}

interface OrderOptions {
  /** As the pool of a proxy sees it: no target that is unusable, unless all are, and none that is full. */
  mayBeTried(target: TargetSnapshot): boolean;
  readonly question: TargetQuestion;
}

function orderOf(targets: readonly TargetSnapshot[], { mayBeTried, question }: OrderOptions): Placed[] {
  const { balance } = question.config;
  const ordered = balance === "source_hash"
    ? hashedOrder(targets, { mayBeTried, question })
    : (balance === "least_connections" ? byLoad(targets) : targets).filter(mayBeTried);
  return ordered.toSorted((a, b) => a.tier - b.tier)
    .map((target) => ({ target, address: addressFor(target, question) }));
}

/**
 * Asks a pool like that of the proxy itself, made for this one question, whose order for a client is the same at every
 * start and in every thread; so that nobody's place or turn is taken.
 */
function hashedOrder(
  targets: readonly TargetSnapshot[],
  { mayBeTried, question }: OrderOptions,
): TargetSnapshot[] {
  // A discovered target is placed by its own hash, which is unknown here.
  const [known, unknown] = [
    targets.filter(({ discover }) => discover === undefined),
    targets.filter((target) => target.discover !== undefined && mayBeTried(target)),
  ];
  // All of them, as the hash of one depends on whether it has a twin.
  const specs = known.map((target): TargetSpec => {
    const { address, label, tier, currentWeight } = target;
    return { address, label, tier, weight: mayBeTried(target) ? currentWeight : 0 };
  });
  const pool = new Pool(specs, { balance: "source_hash" });
  const poolSnapshot = new Map(pool.targets.map((target, index) => [target, known[index]]));
  const candidates = pool.begin(portOf(question.listener), { clientHash: clientHash(keyOf(question)) });
  const ordered: TargetSnapshot[] = [];
  for (let candidate = candidates.next(); candidate !== undefined; candidate = candidates.next()) {
    const target = poolSnapshot.get(candidate.target);
    if (target !== undefined) ordered.push(target);
  }
  return [...ordered, ...unknown];
}

/** The hashed key; a PROXY header's is unknown here. */
function keyOf({ config, client, sni }: TargetQuestion): string {
  return hashKeyOf(config.hashKey, { client, sni, tlv: () => undefined });
}

/** Where connections are known, in the order of this moment; else in that of the config. */
function byLoad(targets: readonly TargetSnapshot[]): readonly TargetSnapshot[] {
  if (targets.some(({ active }) => active === undefined)) return targets;
  const load = ({ active = 0, currentWeight }: TargetSnapshot): number => (active + 1) / currentWeight;
  return targets.toSorted((a, b) => load(a) - load(b));
}

/** Those of equal standing that would be tried. */
interface TierFacts {
  readonly order: ReadonlyMap<TargetSnapshot, number>;
  /** The sum of their weights at this moment; `undefined` where discovery will find more. */
  readonly weight: number | undefined;
  /** Whether these are all of that standing that may have connections at all. */
  readonly isWhole: boolean;
}

function tiersOf(
  placed: readonly Placed[],
  skipped: readonly TargetSnapshot[],
): ReadonlyMap<number, TierFacts> {
  const tiers = new Map<number, TargetSnapshot[]>();
  for (const { target } of placed) {
    const tier = tiers.get(target.tier);
    if (tier === undefined) tiers.set(target.tier, [target]);
    else tier.push(target);
  }
  return new Map([...tiers].map(([rank, tier]) => [rank, {
    order: new Map(tier.map((target, index) => [target, index + 1])),
    weight: tier.some(({ discover }) => discover !== undefined)
      ? undefined
      : tier.reduce((sum, { currentWeight }) => sum + currentWeight, 0),
    isWhole: !skipped.some((target) => target.tier === rank),
  }]));
}

const NO_TIER: TierFacts = { order: new Map(), weight: undefined, isWhole: true };

function tierOf({ target }: Placed, tiers: ReadonlyMap<number, TierFacts>): TierFacts {
  return tiers.get(target.tier) ?? NO_TIER;
}

function addressFor({ address, label, discover }: TargetSnapshot, { listener }: TargetQuestion): string {
  if (discover !== undefined || address.kind !== "same_port") return label;
  return formatAddress({ kind: "tcp", host: address.host, port: portOf(listener) });
}

function portOf(listener: Address): number {
  return listener.kind === "tcp" ? listener.port : 0;
}

interface Place extends Placed {
  readonly tier: TierFacts;
  readonly question: TargetQuestion;
}

/** Why a target has its place, and what else is known of it. */
function whyOf(place: Place): string {
  const { target } = place;
  const backup = target.tier > 0 ? "backup, for when no other answers: " : "";
  const desperate = target.health === "up" ? "" : `${target.health}, and tried as no target is usable: `;
  return `${backup}${desperate}${placeOf(place)}${connectionsOf(target)}${originOf(target)}`;
}

function whyNot(target: TargetSnapshot): string {
  const why = target.admin !== "ready"
    ? target.admin === "drain" ? "drained by an operator" : "taken down by an operator"
    : target.health === "down"
    ? "down, as its checks say"
    : target.health === "ejected"
    ? "ejected for a while, as its connections failed"
    : "full";
  return `${why}${connectionsOf(target)}${originOf(target)}`;
}

const FOUND_BY: Readonly<Record<NonNullable<TargetSnapshot["discover"]>, string>> = {
  dns: "each address of the name",
  srv: "each record of the service",
  file: "each target that the file lists",
  http: "each target that the endpoint lists",
};

function placeOf(place: Place): string {
  const { target, tier, question: { config } } = place;
  if (target.discover !== undefined) {
    const what = FOUND_BY[target.discover];
    const how = config.balance === "source_hash"
      ? "takes its place by the hash"
      : `takes part (${config.balance})`;
    return `discovered while running (${target.discover}): ${what} is a target, and ${how}`;
  }
  if (tier.order.size > 1) return wayOf(place);
  return tier.isWhole ? "the only one" : "the only one left";
}

function wayOf(place: Place): string {
  const { target, tier, question } = place;
  const { config } = question;
  const number = tier.order.get(target) ?? 0;
  const weight = weightOf(place);
  switch (config.balance) {
    case "random":
      return `the start is random (${weight}), then the next in the config's order`;
    case "round_robin":
      return `each in turn (${weight}); whose turn it is, earlier connections decide`;
    case "least_connections":
      return `the fewest connections for its weight first (${weight})`;
    case "random_two":
      return `the less busy of two drawn at random (${weight})`;
    case "source_hash":
      return `choice ${number} for ${
        keyOf(question) || "a client without address"
      } by source_hash (${weight})`;
    case "first":
      return `number ${number} ${tier.isWhole ? "" : "of those left, "}in the config's order (first)`;
  }
}

/** The weight, and of how much where that is known. */
function weightOf({ target: { weight, currentWeight }, tier }: Place): string {
  const sum = tier.weight === undefined ? "" : ` of ${short(tier.weight)}`;
  const slowly = currentWeight < weight ? `, slowly up to ${weight}` : "";
  return `weight ${short(currentWeight)}${sum}${slowly}`;
}

function short(value: number): string {
  return String(Math.round(value * 100) / 100);
}

function connectionsOf({ active, maxConnections }: TargetSnapshot): string {
  if (active === undefined) return "";
  if (maxConnections !== Infinity) return `; ${active} of at most ${maxConnections} connections`;
  return `; ${active} ${active === 1 ? "connection" : "connections"}`;
}

function originOf({ foundBy }: TargetSnapshot): string {
  return foundBy === undefined ? "" : `; discovered by ${foundBy}`;
}
