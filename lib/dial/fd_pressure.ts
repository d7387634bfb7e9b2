import { type Clock, monotonicClock } from "../base/mod.ts";

/** How many dials lack a file descriptor, over all threads of the process. */
export interface SharedDialCount {
  readonly taken: number;
  /** This thread's number, and how many threads there are. */
  readonly thread: number;
  readonly threads: number;
  /** How many of a thread's. */
  of(thread: number): number;
  tryTake(): boolean;
  giveBack(): void;
}

/** What the threads of a process know of each other's want. */
export interface SharedFdPressure {
  readonly count: SharedDialCount;
  /** One word of shared memory: how many starved dials have gone on. */
  readonly moves: Int32Array;
}

export interface FdPressureOptions {
  /** Where the dials of other threads are counted too; default this thread is the only one. */
  readonly everywhere?: SharedFdPressure | undefined;
  /** Default the runtime's. */
  readonly clock?: Clock;
  /** The longest that a listener is held; default 1 s. A dial that waits for an hour must not close the door for ever. */
  readonly maxHoldMs?: number;
  /** Called when a dial begins to lack a descriptor. */
  readonly onWant?: () => void;
}

/**
 * How long no starved dial has gone on before half of them give way. Long enough that in the meantime sessions end by
 * themselves where they are short, short enough that those who are served at last have not left.
 */
const STALLED_MS = 1000;

const DEFAULT_MAX_HOLD_MS = 1000;

/** How often it is looked whether the dials of other threads go on. */
const LOOK_MS = 20;

/**
 * What is done while the process has fewer file descriptors than it wants. A connection takes two: one comes with the
 * client, and if each that is left goes to a client, none can reach its target.
 *
 * - While a dial lacks one, listeners are held: the next that comes free is the dial's, and clients wait in the backlog.
 * - Where accepting has run ahead (many clients at once, that had to say something first), clients hold all there are,
 *   and no session ends to free one. Then the younger half of the dials give way, and the descriptors of their clients
 *   serve the others.
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
  /** When a dial last went on, or gave way. */
  #movedMs = 0;
  #looking: ReturnType<typeof setTimeout> | undefined;

  constructor(options: FdPressureOptions = {}) {
    this.#everywhere = options.everywhere?.count;
    this.#moves = options.everywhere?.moves;
    this.#clock = options.clock ?? monotonicClock;
    this.#onWant = options.onWant;
    this.#maxHoldMs = options.maxHoldMs ?? DEFAULT_MAX_HOLD_MS;
  }

  /** A dial lacks a descriptor from now on, until what this gives is disposed of. */
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

  /** Looks whether it is time that some dials give way, and marks them. */
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
   * How many of this thread's dials give way: half of them. Of threads that have an odd one over, half give way with
   * that one too, those with the highest numbers, so that of one dial in each of two threads one goes on.
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
   * Holds a listener while a dial of the process lacks a descriptor, at most `maxHoldMs`, and not beyond the signal;
   * `undefined` where none does. Never rejects.
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

  /** Nobody tells when the dials of another thread go on. */
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

/** One dial that lacks a descriptor. */
export class StarvedDial implements Disposable {
  /** Whether it is to give up in favour of those that came before it. */
  givesWay = false;
  readonly #fdPressure: FdPressure;

  constructor(fdPressure: FdPressure) {
    this.#fdPressure = fdPressure;
  }

  /** Asked before it tries again: whether it is to give up instead. */
  mustGiveWay(): boolean {
    this.#fdPressure.review();
    return this.givesWay;
  }

  [Symbol.dispose](): void {
    this.#fdPressure.end(this);
  }
}
