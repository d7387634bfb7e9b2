import { type Clock, monotonicClock } from "../base/mod.ts";

/** How many dials lack a file descriptor, over all threads of the process. */
export interface StarvedCount {
  readonly taken: number;
  tryTake(): boolean;
  giveBack(): void;
}

export interface StarvationOptions {
  /** Where the dials of other threads are counted too; default this thread is the only one. */
  readonly everywhere?: StarvedCount | undefined;
  /** Default the runtime's. */
  readonly clock?: Clock;
  /** The longest that a listener is held; default 1 s. A dial that waits for an hour must not close the door for ever. */
  readonly maxHoldMs?: number;
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
export class Starvation {
  readonly #everywhere: StarvedCount | undefined;
  readonly #clock: Clock;
  readonly #maxHoldMs: number;
  /** In order of arrival. */
  readonly #dials = new Set<StarvedDial>();
  readonly #held = new Set<() => void>();
  /** When a dial last went on, or gave way. */
  #movedMs = 0;
  #looking: ReturnType<typeof setTimeout> | undefined;

  constructor(options: StarvationOptions = {}) {
    this.#everywhere = options.everywhere;
    this.#clock = options.clock ?? monotonicClock;
    this.#maxHoldMs = options.maxHoldMs ?? DEFAULT_MAX_HOLD_MS;
  }

  /** A dial lacks a descriptor from now on, until what this gives is disposed of. */
  begin(): StarvedDial {
    if (this.#dials.size === 0) this.#movedMs = this.#clock.nowMs();
    const dial = new StarvedDial(this);
    this.#dials.add(dial);
    this.#everywhere?.tryTake();
    return dial;
  }

  /** Ends what {@link Starvation.begin} began; idempotent. */
  end(dial: StarvedDial): void {
    if (!this.#dials.delete(dial)) return;
    if (!dial.givesWay) this.#movedMs = this.#clock.nowMs();
    this.#everywhere?.giveBack();
    if (!this.#isOn) this.#letGo();
  }

  /** Looks whether it is time that some dials give way, and marks them. */
  review(): void {
    const nowMs = this.#clock.nowMs();
    if (nowMs - this.#movedMs < STALLED_MS) return;
    this.#movedMs = nowMs;
    const dials = [...this.#dials];
    for (const dial of dials.slice(Math.ceil(dials.length / 2))) dial.givesWay = true;
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
  readonly #starvation: Starvation;

  constructor(starvation: Starvation) {
    this.#starvation = starvation;
  }

  /** Asked before it tries again: whether it is to give up instead. */
  mustGiveWay(): boolean {
    this.#starvation.review();
    return this.givesWay;
  }

  [Symbol.dispose](): void {
    this.#starvation.end(this);
  }
}
