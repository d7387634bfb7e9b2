import type { Random } from "../base/mod.ts";
import type { CandidateView, Chooser, PickContext, Tried } from "./chooser.ts";
import { sharesOf, ShareTree } from "./_shares.ts";
import { isEligible, type StrategyParts } from "./_strategy.ts";

/**
 * `random`: a random start, then around the list in order.
 *
 * The start is drawn by weight among the available candidates. (Drawing among all and skipping the unavailable would
 * give the whole load of one that is down to its neighbour.)
 */
export class RandomStrategy implements Chooser {
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
    if (tried === undefined) return this.#shares.draw(this.#random);
    const start = tried.last < 0 ? this.#shares.draw(this.#random) : (tried.last + 1) % this.#size;
    for (let step = 0; step < this.#size && start >= 0; step++) {
      const index = (start + step) % this.#size;
      if (!tried.has(index) && isEligible(this.#view, index)) return index;
    }
    return -1;
  }

  changed(index: number): void {
    this.#shares.set(index, sharesOf(this.#view, index));
  }
}
