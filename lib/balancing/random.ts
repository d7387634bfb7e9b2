import type { Random } from "../base/mod.ts";
import type { CandidateView, PickContext } from "./chooser.ts";
import { sharesOf, ShareTree } from "./_shares.ts";
import { isEligible, type Strategy, type StrategyParts, type Tried } from "./_strategy.ts";

/**
 * `random`: a random start, then around the list in order.
 *
 * The start is drawn by weight among the available candidates. (Drawing among all and skipping the unavailable would
 * give the whole load of one that is down to its neighbour.)
 */
export class RandomStrategy implements Strategy {
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

  pick(_context: PickContext): number {
    return this.#shares.draw(this.#random);
  }

  repick(_context: PickContext, tried: Tried): number {
    for (let step = 1; step < this.#size; step++) {
      const index = (tried.last + step) % this.#size;
      if (!tried.has(index) && isEligible(this.#view, index)) return index;
    }
    return -1;
  }

  changed(index: number): void {
    this.#shares.set(index, sharesOf(this.#view, index));
  }
}
