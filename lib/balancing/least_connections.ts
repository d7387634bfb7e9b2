import type { CandidateView, Chooser, PickContext, Tried } from "./chooser.ts";
import { IndexedHeap } from "./_indexed_heap.ts";
import { sharesOf } from "./_shares.ts";
import { randomRanks, type StrategyParts } from "./_strategy.ts";

/**
 * `least_connections`: the candidate with the least load per weight including this connection,
 * `(active + 1) / weight`.
 *
 * With equal weights that is the one with the fewest connections. The new connection counts, because by
 * `active / weight` all idle candidates would look alike: one of weight 1 would get as many first connections as one of weight
 * 256, and one at the start of its slow start would be hit at once. Ties go to the least recently chosen.
 *
 * The loads are in a heap: a choice reads its top, and a connection that opens or closes moves one entry.
 */
export class LeastConnectionsStrategy implements Chooser {
  readonly #view: CandidateView;
  readonly #size: number;
  readonly #loads: IndexedHeap;
  /** Sequence number of each candidate's last choice; a negative rank before the first. */
  readonly #chosenAt: Float64Array;
  #choices = 0;

  constructor({ candidates, view, random }: StrategyParts) {
    this.#view = view;
    this.#size = candidates.length;
    this.#loads = new IndexedHeap(this.#size);
    this.#chosenAt = randomRanks(this.#size, random).map((rank) => rank - this.#size);
    for (let index = 0; index < this.#size; index++) this.changed(index);
  }

  pick(_context: PickContext, tried?: Tried): number {
    const index = tried === undefined ? this.#loads.top : this.#leastUntried(tried);
    if (index < 0) return index;
    this.#chosenAt[index] = ++this.#choices;
    this.#loads.set(index, this.#loads.key(index), this.#choices);
    return index;
  }

  changed(index: number): void {
    const shares = sharesOf(this.#view, index);
    if (shares === 0) this.#loads.remove(index);
    else this.#loads.set(index, (this.#view.active(index) + 1) / shares, this.#chosenAt[index] ?? 0);
  }

  #leastUntried(tried: Tried): number {
    let best = -1;
    for (let index = 0; index < this.#size; index++) {
      if (!this.#loads.has(index) || tried.has(index)) continue;
      if (best < 0 || this.#loads.precedes(index, best)) best = index;
    }
    return best;
  }
}
