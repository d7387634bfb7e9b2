import type { CandidateView, PickContext } from "./chooser.ts";
import { IndexedHeap } from "./_indexed_heap.ts";
import { sharesOf } from "./_shares.ts";
import { randomRanks, type Strategy, type StrategyParts, type Tried } from "./_strategy.ts";

/**
 * `round_robin`: each in turn, by weight, spread as evenly as whole connections allow.
 *
 * In virtual time a candidate of weight w is due once in every 1/w, and time runs so that all are due together as often
 * as connections come. Of those whose turn has begun, the one whose turn ends first is chosen. So at every moment each
 * candidate is less than one connection away from its exact share, and after as many connections as the weights add up
 * to, each has had exactly its weight. (R. Tijdeman, "The chairman assignment problem", Discrete Mathematics 32(3),
 * 1980; as a scheduler: J. C. R. Bennett and H. Zhang, "WF2Q: Worst-case Fair Weighted Fair Queueing", INFOCOM 1996.)
 *
 * Two heaps do it in the logarithm of the number of candidates, where the smooth weighted round robin of nginx walks
 * over all of them for every connection. Who comes first among equals is drawn once, so that many proxies started
 * together do not all begin with the same candidate.
 *
 * A second or later try of a connection counts as a turn as well, so that the turns of a candidate that cannot be
 * reached are shared out among all others rather than given to its neighbour.
 */
export class RoundRobinStrategy implements Strategy {
  readonly #view: CandidateView;
  readonly #size: number;
  readonly #ranks: Float64Array;
  /** Those whose turn has begun, by the end of it. */
  readonly #due: IndexedHeap;
  /** Those whose turn is to come, by the beginning of it. */
  readonly #waiting: IndexedHeap;
  readonly #turns: Turn[];
  /** Shares of all that take part. */
  #total = 0;
  /** Now is `base + served / total`: a quotient rather than a sum of steps, so that it is exact. */
  #base = 0;
  #served = 0;

  constructor({ candidates, view, random }: StrategyParts) {
    this.#view = view;
    this.#size = candidates.length;
    this.#ranks = randomRanks(this.#size, random);
    this.#due = new IndexedHeap(this.#size);
    this.#waiting = new IndexedHeap(this.#size);
    this.#turns = candidates.map(() => ({ base: 0, served: 0, shares: 0, lastShares: 1 }));
    for (let index = 0; index < this.#size; index++) this.changed(index);
  }

  pick(_context: PickContext): number {
    const now = this.#now();
    for (
      let next = this.#waiting.top;
      next >= 0 && this.#waiting.key(next) <= now;
      next = this.#waiting.top
    ) {
      this.#waiting.remove(next);
      this.#due.set(next, this.#endOf(next), this.#rank(next));
    }
    const index = this.#due.top;
    if (index >= 0) return this.#charge(index);
    // Changes of weight can leave a gap before the next turn; time skips it.
    const next = this.#waiting.top;
    if (next >= 0) this.#base += this.#waiting.key(next) - now;
    return this.#charge(next);
  }

  repick(_context: PickContext, tried: Tried): number {
    let best = -1;
    let bestEnd = Infinity;
    for (let index = 0; index < this.#size; index++) {
      const turn = this.#turns[index];
      if (turn === undefined || turn.shares === 0 || tried.has(index)) continue;
      const end = endOf(turn);
      if (end < bestEnd || (end === bestEnd && this.#rank(index) < this.#rank(best))) {
        best = index;
        bestEnd = end;
      }
    }
    return this.#charge(best);
  }

  changed(index: number): void {
    const turn = this.#turns[index];
    const shares = sharesOf(this.#view, index);
    if (turn === undefined || turn.shares === shares) return;
    // From here on time runs at another speed.
    const now = this.#now();
    this.#base = now;
    this.#served = 0;
    // What it still has to wait is kept, at the price of its new weight: leaving and coming back wins no turn.
    const wait = Math.max(0, beginOf(turn) - now) * turn.lastShares;
    this.#total += shares - turn.shares;
    turn.shares = shares;
    if (shares > 0) turn.lastShares = shares;
    turn.base = now + wait / turn.lastShares;
    turn.served = 0;
    this.#place(index, turn);
  }

  #now(): number {
    return this.#total === 0 ? this.#base : this.#base + this.#served / this.#total;
  }

  #endOf(index: number): number {
    const turn = this.#turns[index];
    return turn === undefined ? Infinity : endOf(turn);
  }

  #rank(index: number): number {
    return this.#ranks[index] ?? 0;
  }

  #charge(index: number): number {
    const turn = this.#turns[index];
    if (turn === undefined) return -1;
    turn.served++;
    this.#served++;
    if (this.#served === this.#total) this.#beginPeriod();
    else this.#place(index, turn);
    return index;
  }

  /** Sets time back to 0 after a full period, so that numbers stay small and exact. */
  #beginPeriod(): void {
    const now = this.#now();
    this.#base = 0;
    this.#served = 0;
    for (const [index, turn] of this.#turns.entries()) {
      turn.base = beginOf(turn) - now;
      turn.served = 0;
      this.#place(index, turn);
    }
  }

  #place(index: number, turn: Turn): void {
    const begin = beginOf(turn);
    const isDue = begin <= this.#now();
    if (turn.shares === 0 || isDue) this.#waiting.remove(index);
    if (turn.shares === 0 || !isDue) this.#due.remove(index);
    if (turn.shares === 0) return;
    if (isDue) this.#due.set(index, endOf(turn), this.#rank(index));
    else this.#waiting.set(index, begin, this.#rank(index));
  }
}

/** One candidate's place in virtual time. */
interface Turn {
  /** Its turns are counted from here. */
  base: number;
  served: number;
  /** 0 while it takes no part. */
  shares: number;
  /** The shares that it has, or had when it last took part. */
  lastShares: number;
}

function beginOf(turn: Turn): number {
  return turn.base + turn.served / turn.lastShares;
}

function endOf(turn: Turn): number {
  return turn.base + (turn.served + 1) / turn.lastShares;
}
