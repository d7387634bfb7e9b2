import type { Random } from "../base/mod.ts";
import type { CandidateIdentity, CandidateView, Chooser, Order, PickContext } from "./chooser.ts";

/** What a strategy is built from. */
export interface StrategyParts {
  readonly candidates: readonly CandidateIdentity[];
  readonly view: CandidateView;
  readonly random: Random;
}

/**
 * The part of a chooser that differs from strategy to strategy. {@link StrategyChooser} makes a chooser of it and
 * keeps account of what a connection has tried, so that no strategy has to.
 */
export interface Strategy {
  /** The candidate for a connection that has tried none yet, or -1. This is the hot path: no scan, no allocation. */
  pick(context: PickContext): number;

  /**
   * The candidate for a connection after those in `tried`, or -1. A dial has just failed, which took longer than a scan
   * of every candidate does, so a scan is fine here.
   */
  repick(context: PickContext, tried: Tried): number;

  /**
   * All candidates with a weight, available or not, in the order in which `pick` and `repick` give them. For a strategy
   * whose every `repick` looks at all of them: a connection that tries many would look at each as often.
   */
  ranked?(context: PickContext): Int32Array;

  /** As {@link Chooser.changed}. */
  changed(index: number): void;
}

const NO_ORDER = new Int32Array();

/** The candidates that one connection has had already. */
export class Tried {
  readonly #flags: Uint8Array;
  #last = -1;

  constructor(size: number) {
    this.#flags = new Uint8Array(size);
  }

  /** The latest of them. */
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

/** Whether a candidate may be given out at this moment. */
export function isEligible(view: CandidateView, index: number): boolean {
  return view.available(index) && view.weight(index) > 0;
}

/**
 * Who comes first among equals: the places 0 to size - 1 in the order of the list, from a random start. (Proxies that
 * start together and all began with the first of the list would send it their first connections at once.)
 */
export function randomRanks(size: number, random: Random): Float64Array {
  const start = Math.floor(random() * size);
  return Float64Array.from({ length: size }, (_, index) => (index - start + size) % size);
}

/** A chooser made of a strategy. */
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

/** How many candidates a connection tries before all others are put into order at once. */
const RANKED_FROM = 4;

/** Most connections are served by their first candidate, so the account of what was tried begins with the second. */
class StrategyOrder implements Order {
  readonly #strategy: Strategy;
  readonly #size: number;
  readonly #view: CandidateView;
  readonly #context: PickContext;
  #first = -1;
  #tried: Tried | undefined;
  #count = 1;
  /** The order of all, and how far it has been gone through. */
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

  /** `undefined` where there is no such order, or its end: what was passed over may be available by then. */
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
