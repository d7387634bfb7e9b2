import type { Random } from "../base/mod.ts";
import type { CandidateIdentity, CandidateView, Chooser } from "./chooser.ts";
import { FirstStrategy } from "./first.ts";
import { LeastConnectionsStrategy } from "./least_connections.ts";
import { RandomStrategy } from "./random.ts";
import { RandomTwoStrategy } from "./random_two.ts";
import { RoundRobinStrategy } from "./round_robin.ts";
import { SourceHashStrategy } from "./source_hash.ts";
import type { StrategyParts } from "./_strategy.ts";

const STRATEGIES = {
  random: RandomStrategy,
  round_robin: RoundRobinStrategy,
  least_connections: LeastConnectionsStrategy,
  random_two: RandomTwoStrategy,
  source_hash: SourceHashStrategy,
  first: FirstStrategy,
} as const satisfies Record<string, new (parts: StrategyParts) => Chooser>;

/** The name of a strategy, as in the config's `balance`. */
export type StrategyName = keyof typeof STRATEGIES;

/** The names of all strategies; the first is the default. */
export const STRATEGY_NAMES: readonly StrategyName[] = Object.keys(STRATEGIES) as StrategyName[];

/** Options of a chooser. */
export interface ChooserOptions {
  /** The candidates' live state. */
  readonly view: CandidateView;
  /** Source of randomness; default `Math.random`. */
  readonly random?: Random;
}

/** Builds the chooser of a strategy. It reads the view of every candidate at once. */
export function createChooser(
  strategy: StrategyName,
  candidates: readonly CandidateIdentity[],
  options: ChooserOptions,
): Chooser {
  const { view, random = Math.random } = options;
  return new STRATEGIES[strategy]({ candidates, view, random });
}
