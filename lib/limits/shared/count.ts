/** This thread and the limit. */
export interface ShareOptions {
  /** Number of this thread, from 0. */
  readonly worker: number;
  /** Limit of all threads together; `Infinity` for none. */
  readonly max: number;
}

/** The first word is the total, the others are the threads' shares of it. */
const TOTAL = 0;
const FIRST_SHARE = 1;

/**
 * A count with a limit that is exact across threads: a compare-and-exchange on one word takes a permit.
 *
 * Each thread's share is kept beside the total, so that the permits of a thread that died can be released. A thread
 * dies between two tasks, by an uncaught error, and so never between the two words.
 */
export class SharedCount {
  readonly #words: Int32Array;
  readonly #max: number;
  readonly #share: number;

  /** Allocates a count, initially 0, for this many threads. */
  static allocate(workers: number): SharedArrayBuffer {
    return new SharedArrayBuffer((FIRST_SHARE + workers) * Int32Array.BYTES_PER_ELEMENT);
  }

  /** Releases the permits of a thread that has died; returns how many there were. */
  static forget(memory: SharedArrayBuffer, worker: number): number {
    const words = new Int32Array(memory);
    const held = Atomics.exchange(words, FIRST_SHARE + worker, 0);
    Atomics.sub(words, TOTAL, held);
    return held;
  }

  constructor(memory: SharedArrayBuffer, { worker, max }: ShareOptions) {
    this.#words = new Int32Array(memory);
    this.#max = max;
    this.#share = FIRST_SHARE + worker;
  }

  /** Number of this thread. */
  get thread(): number {
    return this.#share - FIRST_SHARE;
  }

  /** Number of threads. */
  get threads(): number {
    return this.#words.length - FIRST_SHARE;
  }

  /** Permits taken by all threads together. */
  get taken(): number {
    return Atomics.load(this.#words, TOTAL);
  }

  /** Permits taken by this thread. */
  get mine(): number {
    return Atomics.load(this.#words, this.#share);
  }

  /** Returns the permits taken by a thread. */
  of(worker: number): number {
    return Atomics.load(this.#words, FIRST_SHARE + worker);
  }

  /** Free permits; another thread may take them first. */
  get free(): number {
    return Math.max(0, this.#max - this.taken);
  }

  /** Takes a permit if one is free. */
  tryTake(): boolean {
    for (let taken = this.taken; taken < this.#max;) {
      const found = Atomics.compareExchange(this.#words, TOTAL, taken, taken + 1);
      if (found === taken) {
        Atomics.add(this.#words, this.#share, 1);
        return true;
      }
      taken = found;
    }
    return false;
  }

  /** Releases a permit of this thread. */
  giveBack(): void {
    Atomics.sub(this.#words, this.#share, 1);
    Atomics.sub(this.#words, TOTAL, 1);
  }
}
