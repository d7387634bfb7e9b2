import { Guard } from "../guard.ts";
import type { Permits } from "../permits.ts";
import type { SharedCount } from "./count.ts";
import { Poll } from "./poll.ts";
import { type WaitOptions, WaitQueue } from "../wait_queue.ts";

/**
 * A semaphore that threads share; the counterpart of `Slots`. Within a thread the order of arrival holds; between
 * threads there is none.
 */
export class SharedSlots implements Permits {
  readonly #count: SharedCount;
  readonly #queue = new WaitQueue(Infinity);
  readonly #poll = new Poll(() => this.#wake());

  constructor(count: SharedCount) {
    this.#count = count;
  }

  tryTake(): Disposable | undefined {
    return this.#queue.size > 0 ? undefined : this.#grab();
  }

  async take({ signal, timeoutMs }: WaitOptions): Promise<Disposable | undefined> {
    signal.throwIfAborted();
    const endsAtMs = performance.now() + timeoutMs;
    for (let slot = this.tryTake();; slot = this.#grab()) {
      if (slot !== undefined) return slot;
      const waited = this.#queue.wait({ signal, timeoutMs: endsAtMs - performance.now() });
      this.#poll.begin();
      if (await waited !== "woken") return undefined;
      signal.throwIfAborted();
    }
  }

  #grab(): Disposable | undefined {
    if (!this.#count.tryTake()) return undefined;
    return new Guard(() => {
      this.#count.giveBack();
      this.#queue.wakeNext();
    });
  }

  /** Wakes as many waiters as there are free permits; returns whether anyone still waits. */
  #wake(): boolean {
    for (let left = Math.min(this.#count.free, this.#queue.size); left > 0; left--) this.#queue.wakeNext();
    return this.#queue.size > 0;
  }
}
