import { MAX_TIMER_MS } from "../base/mod.ts";

/** How one wait may end other than by being woken. */
export interface WaitOptions {
  /** Whoever waits may leave: the wait then rejects with the signal's reason. */
  readonly signal: AbortSignal;
  /** The longest wait. 0 is none at all. */
  readonly timeoutMs: number;
}

/** How a wait ended: it was this one's turn, there was no room to wait, or it took too long. */
export type WaitOutcome = "woken" | "full" | "timeout";

/** One that waits. */
interface Waiting {
  readonly wake: () => void;
  readonly isReady: () => boolean;
}

/** Waiting in order of arrival, bounded in number and in time. What is waited for, the caller knows. */
export class WaitQueue {
  readonly #maxWaiting: number;
  /** A set keeps the order of arrival, and lets anyone leave from the middle. */
  readonly #waiting = new Set<Waiting>();

  constructor(maxWaiting: number) {
    this.#maxWaiting = maxWaiting;
  }

  /** How many wait. While it is not 0, a newcomer must queue as well, or the order is lost. */
  get size(): number {
    return this.#waiting.size;
  }

  /**
   * Waits for one's turn.
   *
   * Whoever is woken has been handed what was waited for and must use it or {@link WaitQueue.wakeNext}, even if its
   * signal is aborted in the same moment.
   *
   * @param isReady what {@link WaitQueue.wakeReady} asks: not everyone can use everything that is waited for.
   * @throws the signal's reason, once it is aborted.
   */
  wait({ signal, timeoutMs }: WaitOptions, isReady: () => boolean = () => true): Promise<WaitOutcome> {
    if (signal.aborted) return Promise.reject(signal.reason);
    if (this.#waiting.size >= this.#maxWaiting) return Promise.resolve("full");
    if (timeoutMs <= 0) return Promise.resolve("timeout");
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.#waiting.delete(waiting);
        signal.removeEventListener("abort", onAbort);
        clearTimeout(timer);
      };
      const waiting: Waiting = {
        isReady,
        wake: () => {
          leave();
          resolve("woken");
        },
      };
      const onAbort = (): void => {
        leave();
        reject(signal.reason);
      };
      // A longer delay than a timer holds is no limit, and without a timer needs none.
      const timer = timeoutMs > MAX_TIMER_MS ? undefined : setTimeout(() => {
        leave();
        resolve("timeout");
      }, timeoutMs);
      signal.addEventListener("abort", onAbort);
      this.#waiting.add(waiting);
    });
  }

  /** Wakes who has waited longest; false when nobody waits. */
  wakeNext(): boolean {
    for (const { wake } of this.#waiting) {
      wake();
      return true;
    }
    return false;
  }

  /** Wakes all that say that they are ready, in order of arrival, while `mayGoOn`. */
  wakeReady(mayGoOn: () => boolean): void {
    for (const { isReady, wake } of this.#waiting) {
      if (!mayGoOn()) return;
      if (isReady()) wake();
    }
  }
}
