import type { Random } from "../base/mod.ts";
import type { CandidateView } from "./chooser.ts";

/**
 * Shares are integers, 256 per unit of weight: sums stay exact where the fractions of a slow start would drift, and
 * 1,000 candidates of weight 256 add up to 2^26.
 */
const SHARES_PER_WEIGHT = 256;

/** Converts a weight to shares; any weight above 0 has at least one. */
export function toShares(weight: number): number {
  return weight > 0 ? Math.max(1, Math.round(weight * SHARES_PER_WEIGHT)) : 0;
}

/** Returns a candidate's current shares; 0 while it is not available. */
export function sharesOf(view: CandidateView, index: number): number {
  return view.available(index) ? toShares(view.weight(index)) : 0;
}

/**
 * The candidates' shares; drawing by share and updating one take logarithmic time.
 *
 * A binary indexed tree (Peter M. Fenwick, "A new data structure for cumulative frequency tables", Software: Practice
 * and Experience 24(3), 1994).
 */
export class ShareTree {
  readonly #sums: Float64Array;
  readonly #shares: Float64Array;
  readonly #topBit: number;
  #total = 0;

  constructor(size: number) {
    this.#sums = new Float64Array(size + 1);
    this.#shares = new Float64Array(size);
    this.#topBit = size === 0 ? 0 : 2 ** Math.floor(Math.log2(size));
  }

  /** The sum of all shares. */
  get total(): number {
    return this.#total;
  }

  get(index: number): number {
    return this.#shares[index] ?? 0;
  }

  set(index: number, shares: number): void {
    const difference = shares - this.get(index);
    if (difference === 0) return;
    this.#shares[index] = shares;
    this.#total += difference;
    for (let node = index + 1; node < this.#sums.length; node += node & -node) {
      this.#sums[node] = (this.#sums[node] ?? 0) + difference;
    }
  }

  /** Returns the sum of the shares of all candidates before this one. */
  before(index: number): number {
    let sum = 0;
    for (let node = index; node > 0; node -= node & -node) sum += this.#sums[node] ?? 0;
    return sum;
  }

  /** Returns the candidate whose shares cover this position, from 0 to below the total. */
  at(position: number): number {
    let node = 0;
    let left = position;
    for (let bit = this.#topBit; bit > 0; bit >>= 1) {
      const sum = this.#sums[node + bit];
      if (sum !== undefined && sum <= left) {
        node += bit;
        left -= sum;
      }
    }
    return node;
  }

  /** Draws a candidate with probability proportional to its shares; -1 if there are none. */
  draw(random: Random): number {
    return this.#total === 0 ? -1 : this.at(Math.floor(random() * this.#total));
  }
}
