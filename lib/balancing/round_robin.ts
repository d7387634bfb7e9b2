import type { CandidateView, Chooser, PickContext, Tried } from "./chooser.ts";
import { IndexedHeap } from "./_indexed_heap.ts";
import { sharesOf } from "./_shares.ts";
import { randomRanks, type StrategyParts } from "./_strategy.ts";

/**
 * `round_robin`: in turn, by weight, spread as evenly as whole connections allow.
 *
 * In virtual time, a candidate of weight w is due once in every 1/w, and time advances so that all together are due
 * as often as connections come. Of the candidates whose turn has begun, the one whose turn ends first is chosen. So
 * each candidate is always less than one connection away from its exact share, and after as many connections as the
 * weights add up to, each has had exactly its weight. (R. Tijdeman, "The chairman assignment problem", Discrete
 * Mathematics 32(3), 1980; as a scheduler: J. C. R. Bennett and H. Zhang, "WF2Q: Worst-case Fair Weighted Fair
 * Queueing", INFOCOM 1996.)
 *
 * Two heaps make a choice logarithmic in the number of candidates, where the smooth weighted round robin of nginx
 * visits all of them for every connection. Ties are broken by ranks drawn once, so that proxies started together do
 * not all begin with the same candidate.
 *
 * A retry counts as a turn too, so that the turns of an unreachable candidate are shared among all others rather than
 * given to its neighbour.
 */
export class RoundRobinStrategy implements Chooser {
  readonly #view: CandidateView;
  readonly #size: number;
  readonly #ranks: Float64Array;
  /** Candidates whose turn has begun, by its end. */
  readonly #due: IndexedHeap;
  /** Candidates whose turn is yet to come, by its beginning. */
  readonly #waiting: IndexedHeap;
  readonly #turns: Turn[];
  /** Shares of all active candidates. */
  #total = 0;
  /** The current time is `base + served / total`: a quotient is exact, a sum of steps is not. */
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

  pick(_context: PickContext, tried?: Tried): number {
    return this.#charge(tried === undefined ? this.#earliest() : this.#earliestUntried(tried));
  }

  changed(index: number): void {
    const turn = this.#turns[index];
    const shares = sharesOf(this.#view, index);
    if (turn === undefined || turn.shares === shares) return;
    // Time advances at another speed from here on.
    const now = this.#now();
    this.#base = now;
    this.#served = 0;
    // A candidate keeps its remaining wait, scaled to its new weight: leaving and returning gains no turn.
    const wait = Math.max(0, beginOf(turn) - now) * turn.lastShares;
    this.#total += shares - turn.shares;
    turn.shares = shares;
    if (shares > 0) turn.lastShares = shares;
    turn.base = now + wait / turn.lastShares;
    turn.served = 0;
    this.#place(index, turn);
  }

  #earliest(): number {
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
    if (index >= 0) return index;
    // Changes of weight can leave a gap before the next turn; time skips it.
    const next = this.#waiting.top;
    if (next >= 0) this.#base += this.#waiting.key(next) - now;
    return next;
  }

  #earliestUntried(tried: Tried): number {
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
    return best;
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

  /** Resets time to 0 after a full period, so that numbers stay small and exact. */
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
  /** The time from which its turns are counted. */
  base: number;
  served: number;
  /** 0 while it is inactive. */
  shares: number;
  /** Its current shares, or the last ones while it is inactive. */
  lastShares: number;
}

function beginOf(turn: Turn): number {
  return turn.base + turn.served / turn.lastShares;
}

function endOf(turn: Turn): number {
  return turn.base + (turn.served + 1) / turn.lastShares;
}
