import type { Random } from "../base/mod.ts";
import type { CandidateView, Chooser, PickContext, Tried } from "./chooser.ts";
import { sharesOf, ShareTree } from "./_shares.ts";
import type { StrategyParts } from "./_strategy.ts";

/**
 * `random_two`: draws two different candidates by weight and takes the one with less load per weight.
 *
 * Nearly as even as `least_connections`, without its herding: proxies that share targets and know only their own
 * connections do not all choose the same one. (Michael Mitzenmacher, "The Power of Two Choices in Randomized Load
 * Balancing", IEEE Transactions on Parallel and Distributed Systems 12(10), 2001.)
 */
export class RandomTwoStrategy implements Chooser {
  readonly #view: CandidateView;
  readonly #random: Random;
  readonly #size: number;
  readonly #shares: ShareTree;

  constructor({ candidates, view, random }: StrategyParts) {
    this.#view = view;
    this.#random = random;
    this.#size = candidates.length;
    this.#shares = new ShareTree(this.#size);
    for (let index = 0; index < this.#size; index++) this.changed(index);
  }

  pick(_context: PickContext, tried?: Tried): number {
    return tried === undefined ? this.#pickFirst() : this.#pickUntried(tried);
  }

  changed(index: number): void {
    this.#shares.set(index, sharesOf(this.#view, index));
  }

  #pickFirst(): number {
    const one = this.#shares.draw(this.#random);
    if (one < 0) return one;
    const own = this.#shares.get(one);
    const others = this.#shares.total - own;
    if (others === 0) return one;
    // Draws among the others by skipping the positions of the first.
    const position = Math.floor(this.#random() * others);
    return this.#lighter(
      one,
      this.#shares.at(position < this.#shares.before(one) ? position : position + own),
    );
  }

  #pickUntried(tried: Tried): number {
    const one = this.#drawUntried(tried, -1);
    const other = this.#drawUntried(tried, one);
    return other < 0 ? one : this.#lighter(one, other);
  }

  #drawUntried(tried: Tried, except: number): number {
    let total = 0;
    for (let index = 0; index < this.#size; index++) {
      if (index !== except && !tried.has(index)) total += this.#shares.get(index);
    }
    if (total === 0) return -1;
    let left = Math.floor(this.#random() * total);
    let index = 0;
    for (; index < this.#size; index++) {
      if (index === except || tried.has(index)) continue;
      left -= this.#shares.get(index);
      if (left < 0) break;
    }
    return index;
  }

  #lighter(one: number, other: number): number {
    return this.#load(other) < this.#load(one) ? other : one;
  }

  #load(index: number): number {
    return (this.#view.active(index) + 1) / this.#shares.get(index);
  }
}
