import { type Clock, monotonicClock } from "../base/mod.ts";

/** Counts the dials that lack a file descriptor, over all threads of the process. */
export interface SharedDialCount {
  readonly taken: number;
  /** Number of this thread, and how many there are. */
  readonly thread: number;
  readonly threads: number;
  /** Returns the count of one thread. */
  of(thread: number): number;
  tryTake(): boolean;
  giveBack(): void;
}

/** Descriptor pressure that the threads of a process share. */
export interface SharedFdPressure {
  readonly count: SharedDialCount;
  /** One word of shared memory: how many starved dials have gone on. */
  readonly moves: Int32Array;
}

export interface FdPressureOptions {
  /** Pressure shared with other threads; default: this thread is the only one. */
  readonly everywhere?: SharedFdPressure | undefined;
  /** Default: the runtime's. */
  readonly clock?: Clock;
  /**
   * Longest time that a listener is held; default 1 s. A dial that waits for an hour must not stop accepting for as
   * long.
   */
  readonly maxHoldMs?: number;
  /** Called when a dial begins to lack a descriptor. */
  readonly onWant?: () => void;
}

/**
 * How long no starved dial has gone on before half of them give way. Long enough for short sessions to end by
 * themselves, short enough that the clients served at last are still there.
 */
const STALLED_MS = 1000;

const DEFAULT_MAX_HOLD_MS = 1000;

/** Poll interval for the dials of other threads. */
const LOOK_MS = 20;

/**
 * Shares out file descriptors while the process has too few. A connection takes two, one of which comes with the
 * client: if clients get all that are left, none of them can reach a target.
 *
 * - While a dial lacks a descriptor, listeners are held: the dial gets the next free one, and clients wait in the
 *   backlog.
 * - Accepting may have run ahead (many clients at once that had to send something first): clients then hold all
 *   descriptors, and no session ends to free one. The younger half of the dials gives way, and their clients'
 *   descriptors serve the rest.
 */
export class FdPressure {
  readonly #everywhere: SharedDialCount | undefined;
  readonly #moves: Int32Array | undefined;
  #movesSeen = 0;
  readonly #clock: Clock;
  readonly #maxHoldMs: number;
  readonly #onWant: (() => void) | undefined;
  /** In order of arrival. */
  readonly #dials = new Set<StarvedDial>();
  readonly #held = new Set<() => void>();
  /** When a dial last went on or gave way. */
  #movedMs = 0;
  #looking: ReturnType<typeof setTimeout> | undefined;

  constructor(options: FdPressureOptions = {}) {
    this.#everywhere = options.everywhere?.count;
    this.#moves = options.everywhere?.moves;
    this.#clock = options.clock ?? monotonicClock;
    this.#onWant = options.onWant;
    this.#maxHoldMs = options.maxHoldMs ?? DEFAULT_MAX_HOLD_MS;
  }

  /** Records that a dial lacks a descriptor, until the result is disposed of. */
  begin(): StarvedDial {
    if (this.#dials.size === 0) this.#movedMs = this.#clock.nowMs();
    const dial = new StarvedDial(this);
    this.#dials.add(dial);
    this.#everywhere?.tryTake();
    this.#onWant?.();
    return dial;
  }

  /** Whether a dial of this thread lacks a descriptor. */
  get isLacking(): boolean {
    return this.#dials.size > 0;
  }

  /** Ends what {@link FdPressure.begin} began; idempotent. */
  end(dial: StarvedDial): void {
    if (!this.#dials.delete(dial)) return;
    if (!dial.givesWay) {
      this.#movedMs = this.#clock.nowMs();
      if (this.#moves !== undefined) Atomics.add(this.#moves, 0, 1);
    }
    this.#everywhere?.giveBack();
    if (!this.#isOn) this.#letGo();
  }

  /** Marks dials that must give way, if it is time. */
  review(): void {
    const nowMs = this.#clock.nowMs();
    const moves = this.#moves === undefined ? 0 : Atomics.load(this.#moves, 0);
    if (moves !== this.#movesSeen) {
      this.#movesSeen = moves;
      this.#movedMs = nowMs;
    }
    if (nowMs - this.#movedMs < STALLED_MS) return;
    this.#movedMs = nowMs;
    const dials = [...this.#dials];
    for (const dial of dials.slice(dials.length - this.#givingWay())) dial.givesWay = true;
  }

  /**
   * Returns how many of this thread's dials give way: half of them. Of the threads with an odd number, half (those
   * with the highest numbers) round up, so that of one dial in each of two threads one goes on.
   */
  #givingWay(): number {
    const own = this.#dials.size;
    const half = Math.floor(own / 2);
    const count = this.#everywhere;
    if (count === undefined || own % 2 === 0) return half;
    let odd = 0;
    let after = 0;
    for (let thread = 0; thread < count.threads; thread++) {
      if (count.of(thread) % 2 === 0) continue;
      odd++;
      if (thread > count.thread) after++;
    }
    return after < Math.floor(odd / 2) ? half + 1 : half;
  }

  /**
   * Holds a listener while any dial of the process lacks a descriptor, for at most `maxHoldMs` or until the signal;
   * `undefined` if none does. Never rejects.
   */
  hold(signal: AbortSignal): Promise<void> | undefined {
    if (!this.#isOn || signal.aborted) return undefined;
    return new Promise((resolve) => {
      const go = (): void => {
        clearTimeout(limit);
        signal.removeEventListener("abort", go);
        this.#held.delete(go);
        if (this.#held.size === 0) this.#stopLooking();
        resolve();
      };
      const limit = setTimeout(go, this.#maxHoldMs);
      signal.addEventListener("abort", go);
      this.#held.add(go);
      this.#look();
    });
  }

  get #isOn(): boolean {
    return this.#dials.size > 0 || (this.#everywhere !== undefined && this.#everywhere.taken > 0);
  }

  #letGo(): void {
    for (const go of [...this.#held]) go();
  }

  /** Polls, because other threads do not report when their dials go on. */
  #look(): void {
    if (this.#everywhere === undefined) return;
    this.#looking ??= setInterval(() => {
      if (!this.#isOn) this.#letGo();
    }, LOOK_MS);
  }

  #stopLooking(): void {
    clearInterval(this.#looking);
    this.#looking = undefined;
  }
}

/** A dial that lacks a descriptor. */
export class StarvedDial implements Disposable {
  /** Whether it must give way to earlier dials. */
  givesWay = false;
  readonly #fdPressure: FdPressure;

  constructor(fdPressure: FdPressure) {
    this.#fdPressure = fdPressure;
  }

  /** Returns whether to give way instead of trying again. */
  mustGiveWay(): boolean {
    this.#fdPressure.review();
    return this.givesWay;
  }

  [Symbol.dispose](): void {
    this.#fdPressure.end(this);
  }
}
