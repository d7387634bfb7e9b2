/**
 * One coarse timer for all sessions of a thread, in place of a timer a chunk.
 *
 * @module
 */
import { type Clock, monotonicClock } from "../base/mod.ts";

/** The time of the last sweep: what a data path reads to say when a byte passed, free of charge. */
export interface Ticker {
  readonly nowMs: number;
}

/** Something with deadlines. */
export interface Sweepable {
  /** Its place among the sweep's members; the sweep's own, -1 outside of it. */
  sweepSlot: number;

  /**
   * Looks whether a deadline has passed. `nowMs` is the ticker's time; a moment that was noted from the ticker lies up
   * to `slackMs` before the true one, so that a limit is over when `now - noted >= limit + slack`.
   */
  sweep(nowMs: number, slackMs: number): void;
}

/** Sweeps at least this often, whatever the limits. */
const MAX_PERIOD_MS = 1000;
const MIN_PERIOD_MS = 10;

/** How often to sweep so that the shortest of these limits is kept to about an eighth of its length. */
export function sweepPeriodMs(limitsMs: Iterable<number>): number {
  let shortest = Infinity;
  for (const limit of limitsMs) shortest = Math.min(shortest, limit);
  return Math.max(MIN_PERIOD_MS, Math.min(MAX_PERIOD_MS, Math.floor(shortest / 8)));
}

/**
 * Calls {@link Sweepable.sweep} on its members, every `periodMs`; its timer exists only while it has members.
 *
 * Members stand in a plain array and know their place. A `Set` with this much coming and going would be rehashed all the
 * time, and each table that it leaves behind keeps dead members alive until the next full collection (measured: a
 * minor collection took 11 ms in place of 1.5 ms).
 */
export class Sweep<M extends Sweepable = Sweepable> implements Ticker {
  nowMs: number;
  readonly #members: M[] = [];
  readonly #clock: Clock;
  #periodMs: number;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(periodMs: number, clock: Clock = monotonicClock) {
    this.#periodMs = periodMs;
    this.#clock = clock;
    this.nowMs = clock.nowMs();
  }

  /** The members, in no order; not to be kept. */
  get members(): readonly M[] {
    return this.#members;
  }

  /** Sweeps this often from now on. */
  setPeriod(periodMs: number): void {
    if (periodMs === this.#periodMs) return;
    this.#periodMs = periodMs;
    if (this.#timer === undefined) return;
    clearInterval(this.#timer);
    this.#timer = setInterval(() => this.tick(), periodMs);
  }

  add(member: M): void {
    member.sweepSlot = this.#members.push(member) - 1;
    if (this.#timer === undefined) {
      this.nowMs = this.#clock.nowMs();
      this.#timer = setInterval(() => this.tick(), this.#periodMs);
    }
  }

  delete(member: M): void {
    const slot = member.sweepSlot;
    if (this.#members[slot] !== member) return;
    member.sweepSlot = -1;
    const last = this.#members.pop();
    if (last === undefined || last === member) return;
    this.#members[slot] = last;
    last.sweepSlot = slot;
  }

  /** One sweep; the timer calls it, and tests with a clock of their own do. */
  tick(): void {
    this.nowMs = this.#clock.nowMs();
    if (this.#members.length === 0) {
      this.stop();
      return;
    }
    // Backwards, because a member that ends may leave at once, and the last one then takes its place.
    for (let slot = this.#members.length - 1; slot >= 0; slot--) {
      this.#members[slot]?.sweep(this.nowMs, this.#periodMs);
    }
  }

  /** Ends the timer; members stay, and the next `add` starts it again. */
  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
