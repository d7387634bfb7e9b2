import type { Order, PickContext } from "../balancing/mod.ts";
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
export class Candidates {
  readonly #slots: TargetSlots;
  readonly #context: PickContext;
  readonly #port: number;
  #tiers: readonly Tier[];
  #tier = 0;
  #order: Order | undefined;
  #held: Target | undefined;
  /** Most connections need only one candidate, so the set starts with the second. */
  #first: Target | undefined;
  #others: Set<Target> | undefined;

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

  /**
   * Returns the next candidate, or `undefined` when each usable one has been returned. Skips a target whose last
   * place another thread takes.
   */
  next(): Candidate | undefined {
    this.release();
    while (this.#tier < this.#tiers.length) {
      const tier = this.#tiers[this.#tier];
      this.#order ??= tier?.begin(this.#context);
      const target = tier?.targets[this.#order?.next() ?? -1];
      if (target === undefined) {
        this.#tier++;
        this.#order = undefined;
      } else if (!this.hasTried(target) && this.#slots.acquire(target)) {
        this.#held = target;
        if (this.#first === undefined) this.#first = target;
        else (this.#others ??= new Set()).add(target);
        return target.at(this.#port);
      }
    }
    return undefined;
  }

  /**
   * Starts over at the first tier, for targets that were skipped and may have a place now. Those returned already
   * stay excluded.
   */
  again(tiers: readonly Tier[]): void {
    this.#tiers = tiers;
    this.#tier = 0;
    this.#order = undefined;
  }

  /** Releases the held candidate, if any. */
  release(): void {
    if (this.#held === undefined) return;
    this.#slots.release(this.#held);
    this.#held = undefined;
  }
}
