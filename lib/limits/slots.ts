import { Guard } from "./guard.ts";
import type { Permits } from "./permits.ts";
import { type WaitOptions, WaitQueue } from "./wait_queue.ts";

/** What slots may be told beside their number. */
export interface SlotsOptions {
  /** How many may wait for a slot at once; default 1024. */
  readonly maxWaiting?: number;
}

/** Enough that a short rush waits, and few enough that nobody waits behind a crowd that could not be served in time. */
const DEFAULT_MAX_WAITING = 1024;

/**
 * A number of places, each held by a guard: `using slot = slots.tryTake()` gives it back on every path. A guard gives
 * back once, however often it is disposed of.
 */
export class Slots implements Permits {
  readonly #queue: WaitQueue;
  #max: number;
  #taken = 0;

  /** @param max how many may be taken at once; `Infinity` is no limit. */
  constructor(max: number, { maxWaiting = DEFAULT_MAX_WAITING }: SlotsOptions = {}) {
    this.#max = max;
    this.#queue = new WaitQueue(maxWaiting);
  }

  get taken(): number {
    return this.#taken;
  }

  get waiting(): number {
    return this.#queue.size;
  }

  /** Takes a slot if one is free. While anyone waits none is: a slot that is given back goes to the first in the queue. */
  tryTake(): Disposable | undefined {
    if (this.#taken >= this.#max) return undefined;
    this.#taken++;
    return this.#guard();
  }

  /**
   * Takes a slot, waiting for one in order of arrival; `undefined` when too many wait already, or the time is over.
   *
   * @throws the signal's reason, once it is aborted.
   */
  async take(options: WaitOptions): Promise<Disposable | undefined> {
    options.signal.throwIfAborted();
    const slot = this.tryTake();
    if (slot !== undefined) return slot;
    if (await this.#queue.wait(options) !== "woken") return undefined;
    // The slot came from hand to hand and is counted as taken.
    if (!options.signal.aborted) return this.#guard();
    this.#giveBack();
    throw options.signal.reason;
  }

  /** Sets another number. Slots taken beyond it stay taken, and are not given out again. */
  resize(max: number): void {
    this.#max = max;
    while (this.#taken < this.#max && this.#queue.wakeNext()) this.#taken++;
  }

  #guard(): Disposable {
    return new Guard(() => this.#giveBack());
  }

  #giveBack(): void {
    if (this.#taken <= this.#max && this.#queue.wakeNext()) return;
    this.#taken--;
  }
}
