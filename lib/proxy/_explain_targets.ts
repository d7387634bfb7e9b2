import { clientHash } from "../balancing/mod.ts";
import { type Address, formatAddress } from "../base/mod.ts";
import type { AppConfig, TargetConfig } from "../config/mod.ts";
import { Pool } from "../pool/mod.ts";
import { specOf } from "./specs.ts";

/** One target in the order in which a connection tries them. */
export interface TargetExplanation {
  /** As it is dialed; of an entry that discovery makes targets of, its name. */
  readonly address: string;
  readonly backup: boolean;
  /** Why it has this place. */
  readonly why: string;
}

/** Whose connection it is. */
export interface TargetQuestion {
  readonly config: AppConfig;
  readonly listener: Address;
  /** The client's address; that of a unix socket's client is the empty text. */
  readonly client: string;
}

/** A target with the address that it has for this connection. */
interface Placed {
  readonly target: TargetConfig;
  readonly address: string;
}

/**
 * The targets that a connection would try, in order, if all of them were up and idle. Where chance or the connections
 * before decide, the order is that of the config, and each says so. Those of weight 0 are left out.
 */
export function explainTargets(
  targets: readonly TargetConfig[],
  question: TargetQuestion,
): TargetExplanation[] {
  const placed = orderOf(targets, question);
  return [false, true].flatMap((backup) => {
    const tier = placed.filter(({ target }) => target.backup === backup);
    return tier.map(({ target, address }, index) => ({
      address,
      backup,
      why: `${backup ? "backup, for when no other answers: " : ""}${
        whyOf({ target, index, tier, question })
      }`,
    }));
  });
}

/** Asks a pool like that of the proxy itself, whose order for a client is the same at every start. */
function orderOf(targets: readonly TargetConfig[], { config, listener, client }: TargetQuestion): Placed[] {
  const isHashed = config.balance === "source_hash";
  // What discovery finds has a place by its own hash, which nobody knows yet.
  const known = isHashed ? targets.filter(({ discover }) => discover === undefined) : targets;
  const pool = new Pool(known.map((target) => specOf(target, config)), {
    balance: isHashed ? "source_hash" : "first",
  });
  const candidates = pool.begin(listener.kind === "tcp" ? listener.port : 0, {
    clientHash: clientHash(client),
  });
  const placed: Placed[] = [];
  for (let candidate = candidates.next(); candidate !== undefined; candidate = candidates.next()) {
    const target = known[pool.targets.indexOf(candidate.target)];
    if (target === undefined) continue;
    const address = target.discover === undefined ? formatAddress(candidate.address) : target.label;
    placed.push({ target, address });
  }
  const later = targets.filter((target) => !known.includes(target) && target.weight > 0);
  return [...placed, ...later.map((target) => ({ target, address: target.label }))];
}

interface Place {
  readonly target: TargetConfig;
  readonly index: number;
  /** Those of its standing. */
  readonly tier: readonly Placed[];
  readonly question: TargetQuestion;
}

function whyOf(place: Place): string {
  const { target, tier, question: { config } } = place;
  if (target.discover !== undefined) {
    const what = target.discover === "dns" ? "each address of the name" : "each record of the service";
    const how = config.balance === "source_hash"
      ? "takes its place by the hash"
      : `takes part (${config.balance})`;
    return `discovered while running (${target.discover}): ${what} is a target, and ${how}`;
  }
  return tier.length === 1 ? "the only one" : wayOf(place);
}

function wayOf(place: Place): string {
  const { index, question: { client, config } } = place;
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
      return `choice ${index + 1} for ${client || "a client without address"} by source_hash (${weight})`;
    case "first":
      return `number ${index + 1} in the config's order (first)`;
  }
}

/** The weight, and of how much where that is known. */
function weightOf({ target, tier }: Place): string {
  const isOpen = tier.some((each) => each.target.discover !== undefined);
  if (isOpen) return `weight ${target.weight}`;
  return `weight ${target.weight} of ${tier.reduce((sum, each) => sum + each.target.weight, 0)}`;
}
