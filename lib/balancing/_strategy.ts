import type { Random } from "../base/mod.ts";
import type { CandidateIdentity, CandidateView } from "./chooser.ts";

/** The parts that a strategy is built from. */
export interface StrategyParts {
  readonly candidates: readonly CandidateIdentity[];
  readonly view: CandidateView;
  readonly random: Random;
}

/** Whether a candidate may be chosen now. */
export function isEligible(view: CandidateView, index: number): boolean {
  return view.available(index) && view.weight(index) > 0;
}

/**
 * Returns ranks that break ties: 0 to size - 1 in list order, from a random start. (Proxies that start together and
 * all begin with the first candidate would send it their first connections at once.)
 */
export function randomRanks(size: number, random: Random): Float64Array {
  const start = Math.floor(random() * size);
  return Float64Array.from({ length: size }, (_, index) => (index - start + size) % size);
}
