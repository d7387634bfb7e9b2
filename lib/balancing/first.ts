import type { CandidateView, PickContext } from "./chooser.ts";
import { isEligible, type Strategy, type StrategyParts, type Tried } from "./_strategy.ts";

/**
 * `first`: in the order of the config, so that a candidate is used only while all before it cannot be.
 *
 * A weight says no more than whether it is 0.
 */
export class FirstStrategy implements Strategy {
  readonly #view: CandidateView;
  readonly #size: number;

  constructor({ candidates, view }: StrategyParts) {
    this.#view = view;
    this.#size = candidates.length;
  }

  pick(_context: PickContext): number {
    for (let index = 0; index < this.#size; index++) {
      if (isEligible(this.#view, index)) return index;
    }
    return -1;
  }

  repick(_context: PickContext, tried: Tried): number {
    for (let index = 0; index < this.#size; index++) {
      if (!tried.has(index) && isEligible(this.#view, index)) return index;
    }
    return -1;
  }

  changed(_index: number): void {
    // Keeps nothing that could be out of date.
  }
}
