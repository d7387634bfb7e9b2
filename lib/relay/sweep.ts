/**
 * One coarse timer for all sessions of a thread, instead of one timer per chunk.
 *
 * @module
 */
import { type Clock, monotonicClock } from "../base/mod.ts";

/** The time of the last sweep: lets a data path record when a byte passed without reading the clock. */
export interface Ticker {
  readonly nowMs: number;
}

/** Something with deadlines. */
export interface Sweepable {
  /** Index among the sweep's members, set by the sweep; -1 for a non-member. */
  sweepSlot: number;

  /**
   * Checks deadlines. `nowMs` is the ticker's time; a moment recorded from the ticker may be up to `slackMs` before
   * the true one, so a limit has passed when `now - recorded >= limit + slack`.
   */
  sweep(nowMs: number, slackMs: number): void;
}

/** Longest sweep period, whatever the limits. */
const MAX_PERIOD_MS = 1000;
const MIN_PERIOD_MS = 10;

/** Returns the sweep period that keeps the shortest of these limits to about an eighth of its length. */
export function sweepPeriodMs(limitsMs: Iterable<number>): number {
  let shortest = Infinity;
  for (const limit of limitsMs) shortest = Math.min(shortest, limit);
  return Math.max(MIN_PERIOD_MS, Math.min(MAX_PERIOD_MS, Math.floor(shortest / 8)));
}

/**
 * Calls {@link Sweepable.sweep} on its members every `periodMs`; its timer runs only while it has members.
 *
 * Members sit in a plain array and know their index. A `Set` with this much churn would be rehashed all the time, and
 * each table that it leaves behind keeps dead members alive until the next full collection (measured: a minor
 * collection took 11 ms instead of 1.5 ms).
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

  /** The members, in no order; do not keep the array. */
  get members(): readonly M[] {
    return this.#members;
  }

  /** Changes the period from now on. */
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

  /** Runs one sweep; called by the timer, and by tests with their own clock. */
  tick(): void {
    this.nowMs = this.#clock.nowMs();
    if (this.#members.length === 0) {
      this.stop();
      return;
    }
    // Backwards, because a member may leave during its sweep, and the last one then takes its place.
    for (let slot = this.#members.length - 1; slot >= 0; slot--) {
      this.#members[slot]?.sweep(this.nowMs, this.#periodMs);
    }
  }

  /** Stops the timer; members stay, and the next `add` starts it again. */
  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
