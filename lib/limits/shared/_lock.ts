const FREE = 0;
const TAKEN = 1;
const AWAITED = 2;

/** Attempts before a thread sleeps: critical sections are shorter than falling asleep takes. */
const SPINS = 200;

/** A sleeping thread checks again after this long even if nobody wakes it. */
const NAP_MS = 1;

/**
 * A lock between threads, for some hundred nanoseconds of work and never across an `await`. Uncontended, it costs two
 * atomic operations (the third mutex of Drepper, "Futexes are tricky", 2011).
 */
export class SharedLock {
  readonly #word: Int32Array;

  /** @param word an array of one word, initially 0. */
  constructor(word: Int32Array) {
    this.#word = word;
  }

  acquire(): void {
    for (let spin = 0; spin < SPINS; spin++) {
      if (Atomics.compareExchange(this.#word, 0, FREE, TAKEN) === FREE) return;
    }
    while (Atomics.exchange(this.#word, 0, AWAITED) !== FREE) Atomics.wait(this.#word, 0, AWAITED, NAP_MS);
  }

  release(): void {
    if (Atomics.exchange(this.#word, 0, FREE) === AWAITED) Atomics.notify(this.#word, 0, 1);
  }
}
