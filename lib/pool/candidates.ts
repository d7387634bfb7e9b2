import type { Order, PickContext } from "../balancing/mod.ts";
import type { Pool } from "./pool.ts";
import type { Candidate, Target } from "./target.ts";
import type { Tier } from "./tier.ts";

/**
 * One connection's candidates, tier after tier. The one given last counts as active until the next is asked for, or
 * until `release`.
 */
export class Candidates {
  readonly #pool: Pool;
  readonly #tiers: readonly Tier[];
  readonly #context: PickContext;
  readonly #port: number;
  #tier = 0;
  #order: Order | undefined;
  #held: Target | undefined;
  #lostPlace = false;

  constructor(pool: Pool, tiers: readonly Tier[], connection: { context: PickContext; port: number }) {
    this.#pool = pool;
    this.#tiers = tiers;
    this.#context = connection.context;
    this.#port = connection.port;
  }

  /** Whether a candidate is held. */
  get isHolding(): boolean {
    return this.#held !== undefined;
  }

  /** Whether a target was passed over because another thread took its last place. */
  get lostPlace(): boolean {
    return this.#lostPlace;
  }

  /** The next candidate, or `undefined` when each that may be chosen has been given once. */
  next(): Candidate | undefined {
    this.release();
    while (this.#tier < this.#tiers.length) {
      const tier = this.#tiers[this.#tier];
      this.#order ??= tier?.begin(this.#context);
      const target = tier?.targets[this.#order?.next() ?? -1];
      if (target === undefined) {
        this.#tier++;
        this.#order = undefined;
      } else if (this.#pool.acquire(target)) {
        this.#held = target;
        return target.at(this.#port);
      } else {
        this.#lostPlace = true;
      }
    }
    return undefined;
  }

  /** Gives back the candidate that is held, if one is. */
  release(): void {
    if (this.#held === undefined) return;
    this.#pool.release(this.#held);
    this.#held = undefined;
  }
}
