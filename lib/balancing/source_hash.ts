import type { CandidateIdentity, CandidateView, PickContext } from "./chooser.ts";
import { hashText, mix } from "./_hash.ts";
import { toShares } from "./_shares.ts";
import type { Strategy, StrategyParts, Tried } from "./_strategy.ts";

/**
 * `source_hash`: the same client to the same candidate, after a restart and on every replica, without any talk between
 * them.
 *
 * This is weighted rendezvous hashing: each candidate has an exponential lot for each client, `-ln(1 - u) / weight` with
 * `u` from a hash of both, and the least lot wins. (D. G. Thaler and C. V. Ravishankar, "Using Name-Based Mappings to
 * Increase Hit Rates", IEEE/ACM Transactions on Networking 6(1), 1998; weights: C. Schindelhauer and G. Schomaker,
 * "Weighted distributed hash tables", SPAA 2005.) What it gives, and the alternatives do not all give:
 *
 * - When a candidate goes, its own clients move and no others, each to the candidate that was its second; when it comes
 *   back, exactly these return. Of N equals that is 1/N of the clients. A Maglev table (D. E. Eisenbud et al., NSDI 2016)
 *   of the paper's 65,537 places, filled anew, moved 1.0/N of the places at 10 candidates but 1.6/N at 100 and 7/N at
 *   1,000.
 * - Weights are exact in expectation, without points on a ring whose arcs differ, and a change of weight moves only the
 *   clients that it must. So a slow start brings a candidate's own clients back to it little by little.
 * - There is nothing to build and nothing to keep. Two replicas that disagree on who is healthy still agree on all
 *   clients of those that both hold healthy.
 *
 * The price is to look at every candidate: 1.2 to 2 microseconds for 1,000, far below any dial; a
 * connection that tries many has all of them sorted once. Loads are not bounded (V.
 * Mirrokni, M. Thorup, M. Zadimoghaddam, "Consistent Hashing with Bounded Loads", SODA 2018): where a client goes would
 * depend on the connections of the moment, which replicas and restarts do not share. A candidate's `max_connections`
 * is the bound where one is needed.
 */
export class SourceHashStrategy implements Strategy {
  readonly #view: CandidateView;
  readonly #seeds: readonly number[];
  readonly #shares: Float64Array;
  #classes: readonly WeightClass[] | undefined;
  /** Those whose weight is another than that of their class. */
  readonly #apart = new Set<number>();

  constructor({ candidates, view }: StrategyParts) {
    this.#view = view;
    this.#seeds = seedsOf(candidates);
    this.#shares = new Float64Array(candidates.length);
    for (let index = 0; index < candidates.length; index++) this.changed(index);
  }

  pick(context: PickContext): number {
    return this.#least(context.clientHash, undefined);
  }

  repick(context: PickContext, tried: Tried): number {
    return this.#least(context.clientHash, tried);
  }

  ranked({ clientHash }: PickContext): Int32Array {
    const lots = this.#shares.map((_, index) => this.#lot(clientHash, index));
    const indexes = [...lots.keys()].filter((index) => lots[index] !== Infinity);
    return Int32Array.from(indexes.sort((a, b) => (lots[a] ?? 0) - (lots[b] ?? 0)));
  }

  changed(index: number): void {
    const shares = toShares(this.#view.weight(index));
    if (shares === this.#shares[index]) return;
    this.#shares[index] = shares;
    // In a slow start one changes again and again, and after an outage many do together: a few are set apart from their
    // classes, and when these are too many the classes are made anew at the next pick.
    if (this.#classes === undefined) return;
    this.#apart.add(index);
    if (this.#apart.size > MAX_APART) this.#classes = undefined;
  }

  /** `Infinity` for one without weight. */
  #lot(clientHash: number, index: number): number {
    const shares = this.#shares[index] ?? 0;
    return shares === 0 ? Infinity : lotOf(pairHash(clientHash, this.#seeds[index] ?? 0), shares);
  }

  #weightClasses(): readonly WeightClass[] {
    if (this.#classes === undefined) this.#apart.clear();
    return this.#classes ??= weightClasses(this.#shares, this.#seeds);
  }

  #least(clientHash: number, tried: Tried | undefined): number {
    let best = -1;
    let leastLot = Infinity;
    for (const { shares, indexes, seeds } of this.#weightClasses()) {
      // As -ln(1 - u) >= u, no greater hash than this can win: most classes are passed without a logarithm.
      const place = this.#leastHash(clientHash, seeds, {
        indexes,
        limit: Math.min(MAX_HASH, leastLot * shares * HASHES + MIN_HASH),
        tried,
      });
      if (place < 0) continue;
      const lot = lotOf(pairHash(clientHash, seeds[place] ?? 0), shares);
      if (lot >= leastLot) continue;
      leastLot = lot;
      best = indexes[place] ?? -1;
    }
    for (const index of this.#apart) {
      const lot = this.#lot(clientHash, index);
      if (lot >= leastLot || !this.#view.available(index) || tried?.has(index)) continue;
      leastLot = lot;
      best = index;
    }
    return best;
  }

  /** The place of the least hash that may be chosen, or -1. Equal weights need no logarithm: lots order as hashes do. */
  #leastHash(clientHash: number, seeds: Int32Array, { indexes, limit, tried }: ScanOptions): number {
    const view = this.#view;
    let least = limit | 0;
    let place = -1;
    for (let i = 0; i < seeds.length; i++) {
      const hash = pairHash(clientHash, seeds[i] ?? 0);
      if (hash > least) continue;
      // Asked last: only the few that beat all before them get here.
      const index = indexes[i] ?? -1;
      if (this.#apart.has(index) || !view.available(index) || (tried !== undefined && tried.has(index))) {
        continue;
      }
      least = hash;
      place = i;
    }
    return place;
  }
}

/** Candidates of one weight, as the scan wants them. */
interface WeightClass {
  readonly shares: number;
  readonly indexes: Int32Array;
  readonly seeds: Int32Array;
}

interface ScanOptions {
  readonly indexes: Int32Array;
  /** The greatest hash that matters. */
  readonly limit: number;
  readonly tried: Tried | undefined;
}

/** How many may be apart from their classes. */
const MAX_APART = 64;

const HASHES = 2 ** 32;
const MIN_HASH = -(2 ** 31);
const MAX_HASH = 2 ** 31 - 1;

/** The hash of client and candidate, signed so that the scan stays within integers. For one client no two seeds meet. */
function pairHash(clientHash: number, seed: number): number {
  const hash = Math.imul(clientHash ^ seed, 0x85ebca6b);
  return Math.imul(hash ^ (hash >>> 15), 0xc2b2ae35);
}

function lotOf(hash: number, shares: number): number {
  const uniform = (hash - MIN_HASH + 0.5) / HASHES;
  return -Math.log1p(-uniform) / shares;
}

/** Heaviest first, as its winner lets the scan of the others pass over most. */
function weightClasses(shares: Float64Array, seeds: readonly number[]): WeightClass[] {
  const byShares = new Map<number, number[]>();
  for (const [index, own] of shares.entries()) {
    if (own === 0) continue;
    const members = byShares.get(own);
    if (members === undefined) byShares.set(own, [index]);
    else members.push(index);
  }
  return [...byShares].sort(([a], [b]) => b - a).map(([own, members]) => ({
    shares: own,
    indexes: Int32Array.from(members),
    seeds: Int32Array.from(members, (index) => seeds[index] ?? 0),
  }));
}

/**
 * One seed a candidate, by its key alone; where two keys meet (or are the same), the later one takes the next. So none
 * hides another, and the order of the list does not matter.
 */
function seedsOf(candidates: readonly CandidateIdentity[]): number[] {
  const seeds = new Array<number>(candidates.length).fill(0);
  const taken = new Set<number>();
  const byKey = [...candidates.entries()].sort(([, a], [, b]) => a.key < b.key ? -1 : a.key > b.key ? 1 : 0);
  for (const [index, { key }] of byKey) {
    let seed = hashText(key);
    while (taken.has(seed)) seed = mix(seed + 1);
    taken.add(seed);
    seeds[index] = seed;
  }
  return seeds;
}
