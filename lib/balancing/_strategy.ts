import type { Random } from "../base/mod.ts";
import type { CandidateIdentity, CandidateView, Chooser, Order, PickContext } from "./chooser.ts";

/** The parts that a strategy is built from. */
export interface StrategyParts {
  readonly candidates: readonly CandidateIdentity[];
  readonly view: CandidateView;
  readonly random: Random;
}

/**
 * The part of a chooser that is specific to a strategy. {@link StrategyChooser} turns it into a chooser and records
 * what a connection has tried.
 */
export interface Strategy {
  /** Returns the first candidate of a connection, or -1. This is the hot path: no scan, no allocation. */
  pick(context: PickContext): number;

  /**
   * Returns the next candidate after those in `tried`, or -1. A dial has just failed, which took longer than a scan
   * of all candidates, so a scan is fine here.
   */
  repick(context: PickContext, tried: Tried): number;

  /**
   * Returns all candidates with a weight, available or not, in the order of `pick` and `repick`. For strategies whose
   * `repick` scans all candidates: many retries would repeat the scan as often.
   */
  ranked?(context: PickContext): Int32Array;

  /** As {@link Chooser.changed}. */
  changed(index: number): void;
}

const NO_ORDER = new Int32Array();

/** The candidates that a connection has tried. */
export class Tried {
  readonly #flags: Uint8Array;
  #last = -1;

  constructor(size: number) {
    this.#flags = new Uint8Array(size);
  }

  /** The latest one. */
  get last(): number {
    return this.#last;
  }

  has(index: number): boolean {
    return this.#flags[index] === 1;
  }

  add(index: number): void {
    this.#flags[index] = 1;
    this.#last = index;
  }
}

/** Whether a candidate may be chosen now. */
export function isEligible(view: CandidateView, index: number): boolean {
  return view.available(index) && view.weight(index) > 0;
}

/**
 * Returns ranks that break ties: 0 to size - 1 in list order, from a random start. (Proxies that start together and
 * all begin with the first candidate would send it their first connections at once.)
 */
export function randomRanks(size: number, random: Random): Float64Array {
  const start = Math.floor(random() * size);
  return Float64Array.from({ length: size }, (_, index) => (index - start + size) % size);
}

/** Turns a strategy into a chooser. */
export class StrategyChooser implements Chooser {
  readonly #strategy: Strategy;
  readonly #size: number;
  readonly #view: CandidateView;

  constructor(strategy: Strategy, size: number, view: CandidateView) {
    this.#strategy = strategy;
    this.#size = size;
    this.#view = view;
  }

  begin(context: PickContext): Order {
    return new StrategyOrder(this.#strategy, { size: this.#size, view: this.#view, context });
  }

  changed(index: number): void {
    this.#strategy.changed(index);
  }
}

interface OrderParts {
  readonly size: number;
  readonly view: CandidateView;
  readonly context: PickContext;
}

/** Tries after which all remaining candidates are ranked at once. */
const RANKED_FROM = 4;

/** The order of one connection. Most connections need a single candidate, so `Tried` is created with the second. */
class StrategyOrder implements Order {
  readonly #strategy: Strategy;
  readonly #size: number;
  readonly #view: CandidateView;
  readonly #context: PickContext;
  #first = -1;
  #tried: Tried | undefined;
  #count = 1;
  /** The ranking, and the position in it. */
  #ranked: Int32Array | undefined;
  #at = 0;

  constructor(strategy: Strategy, { size, view, context }: OrderParts) {
    this.#strategy = strategy;
    this.#size = size;
    this.#view = view;
    this.#context = context;
  }

  next(): number {
    if (this.#first < 0) return this.#first = this.#strategy.pick(this.#context);
    if (this.#tried === undefined) {
      this.#tried = new Tried(this.#size);
      this.#tried.add(this.#first);
    }
    const index = this.#nextRanked(this.#tried) ?? this.#strategy.repick(this.#context, this.#tried);
    if (index >= 0) this.#tried.add(index);
    this.#count++;
    return index;
  }

  /** Returns `undefined` without a ranking or at its end: candidates passed over may be available by then. */
  #nextRanked(tried: Tried): number | undefined {
    if (this.#count < RANKED_FROM) return undefined;
    const ranked = this.#ranked ??= this.#strategy.ranked?.(this.#context) ?? NO_ORDER;
    while (this.#at < ranked.length) {
      const index = ranked[this.#at++] ?? -1;
      if (!tried.has(index) && isEligible(this.#view, index)) return index;
    }
    return undefined;
  }
}
