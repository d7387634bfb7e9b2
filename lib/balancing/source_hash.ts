import type { CandidateIdentity, CandidateView, Chooser, PickContext, Ranking, Tried } from "./chooser.ts";
import { hashText, mix } from "./_hash.ts";
import { toShares } from "./_shares.ts";
import { isEligible, type StrategyParts } from "./_strategy.ts";

/**
 * `source_hash`: sends a client to the same candidate, after a restart and on every replica, without any
 * communication.
 *
 * Weighted rendezvous hashing: each candidate has an exponential lot for each client, `-ln(1 - u) / weight` with `u`
 * from a hash of both, and the least lot wins. (D. G. Thaler and C. V. Ravishankar, "Using Name-Based Mappings to
 * Increase Hit Rates", IEEE/ACM Transactions on Networking 6(1), 1998; weights: C. Schindelhauer and G. Schomaker,
 * "Weighted distributed hash tables", SPAA 2005.) Its advantages over the alternatives:
 *
 * - When a candidate leaves, only its own clients move, each to its second choice, and exactly these return with it.
 *   Of N equals that is 1/N of the clients. A rebuilt Maglev table (D. E. Eisenbud et al., NSDI 2016) with the
 *   paper's 65,537 entries moved 1.0/N of the entries at 10 candidates, but 1.6/N at 100 and 7/N at 1,000.
 * - Weights are exact in expectation, without points on a ring whose arcs differ, and a change of weight moves only
 *   the clients that it must. So a slow start brings a candidate's own clients back step by step.
 * - It has no table to build or keep. Replicas that disagree about health still agree on all clients of the
 *   candidates that both consider healthy.
 *
 * The price is a scan of all candidates: 1.2 to 2 microseconds for 1,000, far below any dial; a connection that tries
 * many sorts them once. Loads are not bounded (V. Mirrokni, M. Thorup, M. Zadimoghaddam, "Consistent Hashing with
 * Bounded Loads", SODA 2018), because a client's candidate would then depend on the current connections, which
 * replicas and restarts do not share. Use `max_connections` where a bound is needed.
 */
export class SourceHashStrategy implements Chooser {
  readonly #view: CandidateView;
  readonly #seeds: readonly number[];
  readonly #shares: Float64Array;
  #classes: readonly WeightClass[] | undefined;
  /** Candidates whose weight differs from that of their class. */
  readonly #apart = new Set<number>();

  constructor({ candidates, view }: StrategyParts) {
    this.#view = view;
    this.#seeds = seedsOf(candidates);
    this.#shares = new Float64Array(candidates.length);
    for (let index = 0; index < candidates.length; index++) this.changed(index);
  }

  pick({ clientHash }: PickContext, tried?: Tried): number {
    const ranked = tried === undefined || tried.count < RANKED_FROM
      ? -1
      : this.#nextRanked(clientHash, tried);
    return ranked < 0 ? this.#least(clientHash, tried) : ranked;
  }

  changed(index: number): void {
    const shares = toShares(this.#view.weight(index));
    if (shares === this.#shares[index]) return;
    this.#shares[index] = shares;
    // During a slow start one weight changes repeatedly, and after an outage many do at once: a few candidates are
    // kept apart from their classes, and beyond {@link MAX_APART} the classes are rebuilt at the next pick.
    if (this.#classes === undefined) return;
    this.#apart.add(index);
    if (this.#apart.size > MAX_APART) this.#classes = undefined;
  }

  /** Returns -1 at the end of the ranking: candidates passed over may be available by then. */
  #nextRanked(clientHash: number, tried: Tried): number {
    const ranking = tried.ranking ??= this.#rank(clientHash);
    while (ranking.position < ranking.indexes.length) {
      const index = ranking.indexes[ranking.position++] ?? -1;
      if (!tried.has(index) && isEligible(this.#view, index)) return index;
    }
    return -1;
  }

  #rank(clientHash: number): Ranking {
    const lots = this.#shares.map((_, index) => this.#lot(clientHash, index));
    const indexes = [...lots.keys()].filter((index) => lots[index] !== Infinity);
    indexes.sort((a, b) => (lots[a] ?? 0) - (lots[b] ?? 0));
    return { indexes: Int32Array.from(indexes), position: 0 };
  }

  /** Returns a candidate's lot; `Infinity` without weight. */
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
      // As -ln(1 - u) >= u, no greater hash than this can win: most classes are skipped without a logarithm.
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

  /**
   * Returns the position of the least eligible hash, or -1. Equal weights need no logarithm: lots order as hashes do.
   */
  #leastHash(clientHash: number, seeds: Int32Array, { indexes, limit, tried }: ScanOptions): number {
    const view = this.#view;
    let least = limit | 0;
    let place = -1;
    for (let i = 0; i < seeds.length; i++) {
      const hash = pairHash(clientHash, seeds[i] ?? 0);
      if (hash > least) continue;
      // Checked last: only hashes below all previous ones get here.
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

/** Candidates of one weight, laid out for the scan. */
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

/** Tries after which all candidates are sorted once instead of being scanned at each try. */
const RANKED_FROM = 4;

/** How many candidates may be apart from their classes. */
const MAX_APART = 64;

const HASHES = 2 ** 32;
const MIN_HASH = -(2 ** 31);
const MAX_HASH = 2 ** 31 - 1;

/**
 * Hashes client and candidate, signed, so that the scan stays within integers. Different seeds never collide for one
 * client.
 */
function pairHash(clientHash: number, seed: number): number {
  const hash = Math.imul(clientHash ^ seed, 0x85ebca6b);
  return Math.imul(hash ^ (hash >>> 15), 0xc2b2ae35);
}

function lotOf(hash: number, shares: number): number {
  const uniform = (hash - MIN_HASH + 0.5) / HASHES;
  return -Math.log1p(-uniform) / shares;
}

/** Groups candidates by weight, heaviest first: its winner rules out most of the others. */
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
 * Returns one seed per candidate, derived from its key alone; colliding or equal keys take the next free seed. So no
 * candidate hides another, and the order of the list does not matter.
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
