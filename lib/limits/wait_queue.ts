import { MAX_TIMER_MS } from "../base/mod.ts";

/** How a wait can end before its turn. */
export interface WaitOptions {
  /** Ends the wait, which then rejects with the signal's reason. */
  readonly signal: AbortSignal;
  /** Longest wait; 0 does not wait. */
  readonly timeoutMs: number;
}

/** How a wait ended: its turn came, the queue was full, or it timed out. */
export type WaitOutcome = "woken" | "full" | "timeout";

/** A queued waiter. */
interface Waiting {
  readonly wake: () => void;
  readonly isReady: () => boolean;
}

/** A first-come, first-served queue, bounded in length and time. The caller knows what is waited for. */
export class WaitQueue {
  readonly #maxWaiting: number;
  /** A set keeps the order of arrival and allows removal from the middle. */
  readonly #waiting = new Set<Waiting>();

  constructor(maxWaiting: number) {
    this.#maxWaiting = maxWaiting;
  }

  /** Number of waiters. While it is not 0, newcomers must queue as well to keep the order. */
  get size(): number {
    return this.#waiting.size;
  }

  /**
   * Waits for a turn.
   *
   * A woken caller has been handed what it waited for, and must use it or call {@link WaitQueue.wakeNext}, even if
   * its signal is aborted at the same moment.
   *
   * @param isReady checked by {@link WaitQueue.wakeReady}: not every waiter can use everything.
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
      // A delay beyond a timer's range counts as no limit.
      const timer = timeoutMs > MAX_TIMER_MS ? undefined : setTimeout(() => {
        leave();
        resolve("timeout");
      }, timeoutMs);
      signal.addEventListener("abort", onAbort);
      this.#waiting.add(waiting);
    });
  }

  /** Wakes the longest waiter; false if there is none. */
  wakeNext(): boolean {
    for (const { wake } of this.#waiting) {
      wake();
      return true;
    }
    return false;
  }

  /** Wakes all ready waiters in order of arrival, as long as `mayGoOn` holds. */
  wakeReady(mayGoOn: () => boolean): void {
    for (const { isReady, wake } of this.#waiting) {
      if (!mayGoOn()) return;
      if (isReady()) wake();
    }
  }
}
