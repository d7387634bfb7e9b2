import type { CommonMemory } from "../../channel/messages.ts";
import { SharedCount } from "../../../limits/mod.ts";
import { AcceptBalancer } from "../../shared/accept_balancer.ts";
import type { SharedLimits } from "../../shared/shared_limits.ts";

/** The workers of one config: their shared state, and their part of the memory common to all generations. */
export class Generation {
  readonly memory: CommonMemory;
  readonly #limits: SharedLimits;
  readonly #workers: number;
  /** Its number among the generations with open sessions, from 0. */
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

  /** The open sessions of all its workers. */
  get active(): number {
    return this.#active(0).taken;
  }

  /** The open sessions of one worker. */
  activeOf(worker: number): number {
    return this.#active(worker).mine;
  }

  /** Returns a worker's share of the limits' memory. */
  shareOf(worker: number): number {
    return this.#slot * this.#workers + worker;
  }

  /** Releases everything that a dead worker held. */
  forget(worker: number): void {
    SharedCount.forget(this.memory.active, worker);
    AcceptBalancer.forget(this.memory.turns, worker);
    this.#limits.forget(this.shareOf(worker));
  }

  #active(worker: number): SharedCount {
    return new SharedCount(this.memory.active, { worker, max: Infinity });
  }
}
