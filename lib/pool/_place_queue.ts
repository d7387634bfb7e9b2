import { Poll, type WaitOptions, type WaitOutcome, WaitQueue } from "../limits/mod.ts";

/** How many may wait for a place at once when every target is full; beyond that, waiting is hopeless. */
const MAX_WAITING = 1024;

/** The places that are waited for. */
export interface PlaceSource {
  /** How many are free at this moment. */
  freePlaces(): number;
  /** Whether other threads give places back too, and say nothing of it. */
  isShared(): boolean;
}

/** Those who wait for a place of a pool, in order of arrival: no more are woken than there are places. */
export class PlaceQueue {
  readonly #source: PlaceSource;
  readonly #waiting = new WaitQueue(MAX_WAITING);
  /** Places that another thread gives back are found by looking. */
  readonly #poll = new Poll(() => {
    this.wake();
    return this.#waiting.size > 0;
  });
  /** Those that were woken and have not taken their place yet. */
  #woken = 0;

  constructor(source: PlaceSource) {
    this.#source = source;
  }

  /** Whether anyone waits, or is about to take a place. */
  get isEmpty(): boolean {
    return this.#waiting.size + this.#woken === 0;
  }

  /** Waits for one's turn, which is to be ended by {@link PlaceQueue.tookTurn}. @throws the signal's reason. */
  wait(options: WaitOptions): Promise<WaitOutcome> {
    const waited = this.#waiting.wait(options);
    if (this.#waiting.size > 0 && this.#source.isShared()) this.#poll.begin();
    return waited;
  }

  /** Ends the turn of one that was woken. */
  tookTurn(): void {
    this.#woken--;
    this.wake();
  }

  /** Wakes as many as there are places, those left out that were given to someone already. */
  wake(): void {
    if (this.#waiting.size === 0) return;
    for (let free = this.#source.freePlaces() - this.#woken; free > 0 && this.#waiting.wakeNext(); free--) {
      this.#woken++;
    }
  }

  /** Ends its timer. */
  stop(): void {
    this.#poll.stop();
  }
}
