import { Guard } from "./guard.ts";
import type { Permits } from "./permits.ts";
import { type WaitOptions, WaitQueue } from "./wait_queue.ts";

/** Options of {@link Slots}. */
export interface SlotsOptions {
  /** How many may wait for a slot at once; default 1024. */
  readonly maxWaiting?: number;
}

/** Enough for a short burst, and few enough that nobody waits behind a queue that cannot be served in time. */
const DEFAULT_MAX_WAITING = 1024;

/**
 * A semaphore whose permits are guards: `using slot = slots.tryTake()` releases it on every path. Releasing twice has
 * no effect.
 */
export class Slots implements Permits {
  readonly #queue: WaitQueue;
  #max: number;
  #taken = 0;

  /** @param max number of slots; `Infinity` for no limit. */
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

  /**
   * Takes a slot if one is free. A released slot goes to the first in the queue, so none is free while anyone waits.
   */
  tryTake(): Disposable | undefined {
    if (this.#taken >= this.#max) return undefined;
    this.#taken++;
    return this.#guard();
  }

  /**
   * Takes a slot, waiting for one in order of arrival; `undefined` if too many wait already, or on timeout.
   *
   * @throws the signal's reason, once it is aborted.
   */
  async take(options: WaitOptions): Promise<Disposable | undefined> {
    options.signal.throwIfAborted();
    const slot = this.tryTake();
    if (slot !== undefined) return slot;
    if (await this.#queue.wait(options) !== "woken") return undefined;
    // The slot was handed over and already counts as taken.
    if (!options.signal.aborted) return this.#guard();
    this.#giveBack();
    throw options.signal.reason;
  }

  /** Changes the number of slots. Slots beyond it stay taken, and are not reused once released. */
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
