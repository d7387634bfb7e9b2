import type { Random } from "../base/mod.ts";
import {
  type CandidateView,
  type Chooser,
  createChooser,
  type PickContext,
  type StrategyName,
  type Tried,
} from "../balancing/mod.ts";
import type { Target } from "./target.ts";

/** The parts that a tier gets from its pool. */
export interface TierRules {
  readonly balance: StrategyName;
  readonly random: Random;
  /** Returns a target's effective weight. */
  weight(target: Target): number;
  /** Whether a target may be chosen now. */
  available(target: Target): boolean;
}

/** Targets of equal rank with their chooser: the primaries, or one rank of backups. */
export class Tier implements CandidateView {
  readonly targets: readonly Target[];
  readonly #rules: TierRules;
  readonly #indexes: ReadonlyMap<Target, number>;
  readonly #chooser: Chooser;

  constructor(targets: readonly Target[], rules: TierRules) {
    this.targets = targets;
    this.#rules = rules;
    this.#indexes = new Map(targets.map((target, index) => [target, index]));
    this.#chooser = createChooser(rules.balance, targets.map((target) => ({ key: target.label })), {
      view: this,
      random: rules.random,
    });
  }

  /** Returns the index of a connection's next target, or -1; see {@link Chooser.pick}. */
  pick(context: PickContext, tried?: Tried): number {
    return this.#chooser.pick(context, tried);
  }

  /** Notifies the chooser that the target has changed. */
  changed(target: Target): void {
    const index = this.#indexes.get(target);
    if (index !== undefined) this.#chooser.changed(index);
  }

  active(index: number): number {
    return this.targets[index]?.active ?? 0;
  }

  weight(index: number): number {
    const target = this.targets[index];
    return target === undefined ? 0 : this.#rules.weight(target);
  }

  available(index: number): boolean {
    const target = this.targets[index];
    return target !== undefined && this.#rules.available(target);
  }
}

/** Groups targets into tiers, primaries first. */
export function tiersOf(targets: readonly Target[], rules: TierRules): Tier[] {
  const byRank = new Map<number, Target[]>();
  for (const target of targets) {
    const rank = byRank.get(target.tier);
    if (rank === undefined) byRank.set(target.tier, [target]);
    else rank.push(target);
  }
  return [...byRank].sort(([a], [b]) => a - b).map(([, members]) => new Tier(members, rules));
}
