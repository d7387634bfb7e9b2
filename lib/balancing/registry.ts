import type { Random } from "../base/mod.ts";
import type { CandidateIdentity, CandidateView, Chooser } from "./chooser.ts";
import { FirstStrategy } from "./first.ts";
import { LeastConnectionsStrategy } from "./least_connections.ts";
import { RandomStrategy } from "./random.ts";
import { RandomTwoStrategy } from "./random_two.ts";
import { RoundRobinStrategy } from "./round_robin.ts";
import { SourceHashStrategy } from "./source_hash.ts";
import { type Strategy, StrategyChooser, type StrategyParts } from "./_strategy.ts";

const STRATEGIES = {
  random: RandomStrategy,
  round_robin: RoundRobinStrategy,
  least_connections: LeastConnectionsStrategy,
  random_two: RandomTwoStrategy,
  source_hash: SourceHashStrategy,
  first: FirstStrategy,
} as const satisfies Record<string, new (parts: StrategyParts) => Strategy>;

/** The name of a strategy, as the config's `balance` gives it. */
export type StrategyName = keyof typeof STRATEGIES;

/** The names of all strategies, the default first. */
export const STRATEGY_NAMES: readonly StrategyName[] = Object.keys(STRATEGIES) as StrategyName[];

/** What a chooser is given beside its candidates. */
export interface ChooserOptions {
  /** The candidates' live facts. */
  readonly view: CandidateView;
  /** Where chance comes from; default `Math.random`. */
  readonly random?: Random;
}

/** Builds the chooser of a strategy. The view is asked about every candidate at once, so it must be ready. */
export function createChooser(
  strategy: StrategyName,
  candidates: readonly CandidateIdentity[],
  options: ChooserOptions,
): Chooser {
  const { view, random = Math.random } = options;
  return new StrategyChooser(new STRATEGIES[strategy]({ candidates, view, random }), candidates.length, view);
}
