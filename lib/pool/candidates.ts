import type { Order, PickContext } from "../balancing/mod.ts";
import type { Candidate, Target } from "./target.ts";
import type { Tier } from "./tier.ts";

/** Counts the connections of targets, as the pool does. */
export interface TargetSlots {
  /** Counts one more connection; false where another thread has taken the target's last place. */
  acquire(target: Target): boolean;
  release(target: Target): void;
}

/**
 * One connection's candidates, tier after tier, each at most once. The one given last counts as active until the next is
 * asked for, or until `release`.
 */
export class Candidates {
  readonly #slots: TargetSlots;
  readonly #context: PickContext;
  readonly #port: number;
  #tiers: readonly Tier[];
  #tier = 0;
  #order: Order | undefined;
  #held: Target | undefined;
  /** Most connections are served by their first candidate, so the account of the others begins with the second. */
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

  /** Whether the target was given already. */
  hasTried(target: Target): boolean {
    return target === this.#first || this.#others?.has(target) === true;
  }

  /**
   * The next candidate, or `undefined` when each that may be chosen at this moment has been given once. A target whose
   * last place another thread takes is passed over.
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

  /** Begins at the first tier again, for what was passed over and has a place now. */
  again(tiers: readonly Tier[]): void {
    this.#tiers = tiers;
    this.#tier = 0;
    this.#order = undefined;
  }

  /** Gives back the candidate that is held, if one is. */
  release(): void {
    if (this.#held === undefined) return;
    this.#slots.release(this.#held);
    this.#held = undefined;
  }
}
