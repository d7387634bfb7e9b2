import type { CandidateView, Chooser, PickContext, Tried } from "./chooser.ts";
import { isEligible, type StrategyParts } from "./_strategy.ts";

/**
 * `first`: config order, so that a candidate is used only while none before it can be.
 *
 * Weights do not matter, except for 0.
 */
export class FirstStrategy implements Chooser {
  readonly #view: CandidateView;
  readonly #size: number;

  constructor({ candidates, view }: StrategyParts) {
    this.#view = view;
    this.#size = candidates.length;
  }

  pick(_context: PickContext, tried?: Tried): number {
    for (let index = 0; index < this.#size; index++) {
      if (isEligible(this.#view, index) && tried?.has(index) !== true) return index;
    }
    return -1;
  }

  changed(_index: number): void {
    // Keeps no state that could be out of date.
  }
}
