/** Which of the threads that share something one is. */
export interface ShareOptions {
  /** The thread's number, 0 to one less than there are. */
  readonly worker: number;
  /** How many may be taken at once, by all threads together; `Infinity` is no limit. */
  readonly max: number;
}

/** The first word is the sum, the others are each thread's part of it. */
const TOTAL = 0;
const FIRST_SHARE = 1;

/**
 * A count with a limit that holds exactly across threads: a place is taken by compare and exchange on one word.
 *
 * Beside the sum, each thread's share is kept, so that what a thread held when it died can be given back. A thread dies
 * between two tasks, by an error that nobody caught, and so never between the two words.
 */
export class SharedCount {
  readonly #words: Int32Array;
  readonly #max: number;
  readonly #share: number;

  /** Memory for a count that so many threads share; begins at 0. */
  static allocate(workers: number): SharedArrayBuffer {
    return new SharedArrayBuffer((FIRST_SHARE + workers) * Int32Array.BYTES_PER_ELEMENT);
  }

  /** Gives back what a thread that has died held; says how many that were. */
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

  /** This thread's number. */
  get thread(): number {
    return this.#share - FIRST_SHARE;
  }

  /** How many threads there are. */
  get threads(): number {
    return this.#words.length - FIRST_SHARE;
  }

  /** How many are taken, by all threads together. */
  get taken(): number {
    return Atomics.load(this.#words, TOTAL);
  }

  /** How many this thread has taken. */
  get mine(): number {
    return Atomics.load(this.#words, this.#share);
  }

  /** How many a thread has taken. */
  of(worker: number): number {
    return Atomics.load(this.#words, FIRST_SHARE + worker);
  }

  /** How many are free; another thread may take them before this one does. */
  get free(): number {
    return Math.max(0, this.#max - this.taken);
  }

  /** Takes one if one is free. */
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

  /** Gives back one that this thread has taken. */
  giveBack(): void {
    Atomics.sub(this.#words, this.#share, 1);
    Atomics.sub(this.#words, TOTAL, 1);
  }
}
