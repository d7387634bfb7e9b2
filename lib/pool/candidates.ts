import type { PickContext, Ranking, Tried } from "../balancing/mod.ts";
import type { Candidate, Target } from "./target.ts";
import type { Tier } from "./tier.ts";

/** Counts the connections of targets; a pool does. */
export interface TargetSlots {
  /** Counts one more connection; false where another thread has taken the target's last place. */
  acquire(target: Target): boolean;
  release(target: Target): void;
}

/**
 * One connection's candidates, tier by tier, each at most once. The latest one counts as active until the next is
 * requested, or until `release`.
 */
export class Candidates implements Tried {
  readonly #slots: TargetSlots;
  readonly #context: PickContext;
  readonly #port: number;
  #tiers: readonly Tier[];
  #tier = 0;
  #held: Target | undefined;
  /** Most connections need only one candidate, so the set starts with the second. */
  #first: Target | undefined;
  #others: Set<Target> | undefined;
  /** Targets whose last place another thread took; {@link Candidates.again} gives them another chance. */
  #missed: Set<Target> | undefined;
  /** Whether targets of the current tier may have been returned before it began. */
  #isAgain = false;
  /** What the strategy of the current tier reads: see {@link Tried}. */
  count = 0;
  last = -1;
  ranking: Ranking | undefined;

  constructor(
    slots: TargetSlots,
    tiers: readonly Tier[],
    connection: { context: PickContext; port: number },
  ) {
    this.#slots = slots;
    this.#tiers = tiers;
    this.#context = connection.context;
    this.#port = connection.port;
  }

  /** Whether the target was returned already. */
  hasTried(target: Target): boolean {
    return target === this.#first || this.#others?.has(target) === true;
  }

  /** Whether the strategy must not choose this target of the current tier. */
  has(index: number): boolean {
    const target = this.#tiers[this.#tier]?.targets[index];
    return target !== undefined && (this.hasTried(target) || this.#missed?.has(target) === true);
  }

  /**
   * Returns the next candidate, or `undefined` when each usable one has been returned. Skips a target whose last
   * place another thread takes.
   */
  next(): Candidate | undefined {
    this.release();
    while (this.#tier < this.#tiers.length) {
      const target = this.#pick();
      if (target === undefined) this.#enter(this.#tier + 1);
      else if (this.#slots.acquire(target)) return this.#hold(target);
      else (this.#missed ??= new Set()).add(target);
    }
    return undefined;
  }

  /**
   * Starts over at the first tier, for targets that were skipped and may have a place now. Those returned already
   * stay excluded.
   */
  again(tiers: readonly Tier[]): void {
    this.#tiers = tiers;
    this.#missed = undefined;
    this.#isAgain = this.#first !== undefined;
    this.#enter(0);
  }

  /** Releases the held candidate, if any. */
  release(): void {
    if (this.#held === undefined) return;
    this.#slots.release(this.#held);
    this.#held = undefined;
  }

  #pick(): Target | undefined {
    const tier = this.#tiers[this.#tier];
    const index = tier?.pick(this.#context, this.count > 0 || this.#isAgain ? this : undefined) ?? -1;
    if (index < 0) return undefined;
    this.count++;
    this.last = index;
    return tier?.targets[index];
  }

  #hold(target: Target): Candidate {
    this.#held = target;
    if (this.#first === undefined) this.#first = target;
    else (this.#others ??= new Set()).add(target);
    return target.at(this.#port);
  }

  #enter(tier: number): void {
    this.#tier = tier;
    this.count = 0;
    this.last = -1;
    this.ranking = undefined;
  }
}
