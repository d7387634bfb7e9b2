import { setImmediate } from "node:timers";
import type { Libc } from "../calls/libc.ts";
import { callNumber, type Machine } from "./system_calls.ts";

/** `FUTEX_LOCK_PI`, `FUTEX_UNLOCK_PI` and `FUTEX_PRIVATE_FLAG` (`futex(2)`). */
const FUTEX_LOCK_PI = 6 | 128;
const FUTEX_UNLOCK_PI = 7 | 128;
/** Set by the kernel while a thread waits for the lock. */
const FUTEX_WAITERS = 0x80000000;

/** The pool has 32 threads, some of which must remain for the worker's own calls. */
const MAX_PARKED = 24;

/** How long one thread may take to wait or to be refused. */
const PATIENCE_MS = 10_000;

/**
 * Parks the threads that the runtime's pool has started for this thread before it was confined.
 *
 * A confined thread's new threads inherit its confinement, but the pool of a worker has a thread or two from the loading of
 * modules, and gives it the next non-blocking call: code in the worker could have such a thread open files. So each of
 * them is made to wait for a lock that this thread holds and that nothing but its end releases, until the pool starts a
 * new thread: that one is confined, and the filter refuses it the lock.
 *
 * Constructed before the thread is confined, used once after it. Nothing else may use the pool meanwhile.
 */
export class IdleThreads {
  readonly #libc: Libc;
  readonly #call: number;
  readonly #owner: number;
  readonly #parked: Lock[] = [];

  /** @throws {SystemError} where the kernel has no such locks (`CONFIG_FUTEX_PI`). */
  constructor(libc: Libc, machine: Machine) {
    this.#libc = libc;
    this.#call = callNumber("futex", machine) ?? 0;
    this.#owner = libc.calls.gettid();
    using lock = new Lock(libc, 0);
    for (const operation of [FUTEX_LOCK_PI, FUTEX_UNLOCK_PI]) {
      libc.check("futex", libc.systemCall(this.#call, lock.at, operation));
    }
  }

  /**
   * Resolves with the number of parked threads when no thread of the pool is unconfined.
   *
   * @throws {Error} when that does not come about; none is parked then.
   */
  async park(): Promise<number> {
    try {
      while (await this.#parkOne()) {
        if (this.#parked.length > MAX_PARKED) {
          throw new Error(`there are more than ${MAX_PARKED} for a worker`);
        }
      }
      return this.#parked.length;
    } catch (error) {
      for (const lock of this.#parked.splice(0)) this.#unlock(lock);
      throw error;
    }
  }

  /** Returns whether an unconfined thread has been parked; otherwise a confined one has been refused. */
  async #parkOne(): Promise<boolean> {
    const lock = new Lock(this.#libc, this.#owner);
    let failure: unknown;
    let isOver = false;
    this.#libc.systemCallAside(this.#call, lock.at, FUTEX_LOCK_PI)
      .catch((error) => failure = error)
      .finally(() => {
        isOver = true;
        lock[Symbol.dispose]();
      });
    const sinceMs = performance.now();
    while (!isOver) {
      if (lock.isAwaited) {
        this.#parked.push(lock);
        return true;
      }
      if (performance.now() - sinceMs > PATIENCE_MS) {
        throw new Error("one of them does not answer");
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
    if (failure !== undefined) throw failure;
    return false;
  }

  /** Its one waiter gets the lock, and never gives it back. */
  #unlock(lock: Lock): void {
    this.#libc.systemCall(this.#call, lock.at, FUTEX_UNLOCK_PI);
  }
}

/** The word of a lock, in memory of its own: a thread may wait for it longer than this one lives. */
class Lock implements Disposable {
  readonly at: bigint;
  readonly #word: Uint32Array;
  readonly #free: () => void;

  /** @param owner the thread that holds it; 0 for none. */
  constructor(libc: Libc, owner: number) {
    const { address, bytes, free } = libc.allocate(4);
    this.at = address;
    this.#word = new Uint32Array(bytes.buffer);
    this.#word[0] = owner;
    this.#free = free;
  }

  get isAwaited(): boolean {
    return (Atomics.load(this.#word, 0) & FUTEX_WAITERS) !== 0;
  }

  [Symbol.dispose](): void {
    this.#free();
  }
}
