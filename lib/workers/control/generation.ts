import type { CommonMemory } from "../channel/messages.ts";
import { SharedCount } from "../../limits/mod.ts";
import { AcceptBalancer } from "../shared/accept_balancer.ts";
import type { SharedLimits } from "../shared/shared_limits.ts";

/** What the workers of one config share, and their part of what all share. */
export class Generation {
  readonly memory: CommonMemory;
  readonly #limits: SharedLimits;
  readonly #workers: number;
  /** Its number among the generations that have sessions at the same time, from 0. */
  readonly #slot: number;

  constructor(limits: SharedLimits, { workers, slot }: { readonly workers: number; readonly slot: number }) {
    this.#limits = limits;
    this.#workers = workers;
    this.#slot = slot;
    this.memory = {
      ids: limits.ids,
      starved: limits.starved,
      starvedMoves: limits.starvedMoves,
      crossings: limits.crossings,
      active: SharedCount.allocate(workers),
      turns: AcceptBalancer.allocate(workers),
    };
  }

  get slot(): number {
    return this.#slot;
  }

  /** Sessions of all its workers that have not ended. */
  get active(): number {
    return this.#active(0).taken;
  }

  /** Sessions of one worker that have not ended. */
  activeOf(worker: number): number {
    return this.#active(worker).mine;
  }

  /** The part of the memory of limits that one worker has. */
  shareOf(worker: number): number {
    return this.#slot * this.#workers + worker;
  }

  /** Gives back all that a worker held when it died. */
  forget(worker: number): void {
    SharedCount.forget(this.memory.active, worker);
    AcceptBalancer.forget(this.memory.turns, worker);
    this.#limits.forget(this.shareOf(worker));
  }

  #active(worker: number): SharedCount {
    return new SharedCount(this.memory.active, { worker, max: Infinity });
  }
}
