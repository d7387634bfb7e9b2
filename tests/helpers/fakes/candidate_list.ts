import type { Random } from "../../../lib/base/mod.ts";
import {
  type CandidateIdentity,
  type CandidateView,
  type Chooser,
  createChooser,
  type Ranking,
  type StrategyName,
  type Tried,
} from "../../../lib/balancing/mod.ts";
import { seededRandom } from "./seeded_random.ts";

/** Options of a {@link CandidateList} beside its weights. */
export interface CandidateListOptions {
  /** Default `10.0.0.<index>:5432`. */
  readonly keys?: readonly string[];
  /** Default seeded with 1. */
  readonly random?: Random;
}

/** Candidates with live facts that a test sets, and a chooser that is notified of each change. */
export class CandidateList implements CandidateView {
  readonly candidates: readonly CandidateIdentity[];
  readonly chooser: Chooser;
  readonly #weights: number[];
  readonly #active: number[];
  readonly #available: boolean[];

  constructor(strategy: StrategyName, weights: readonly number[], options: CandidateListOptions = {}) {
    const { keys, random = seededRandom(1) } = options;
    this.candidates = weights.map((_, index) => ({ key: keys?.[index] ?? `10.0.0.${index}:5432` }));
    this.#weights = [...weights];
    this.#active = weights.map(() => 0);
    this.#available = weights.map(() => true);
    this.chooser = createChooser(strategy, this.candidates, { view: this, random });
  }

  active(index: number): number {
    return this.#active[index] ?? 0;
  }

  weight(index: number): number {
    return this.#weights[index] ?? 0;
  }

  available(index: number): boolean {
    return this.#available[index] ?? false;
  }

  setActive(index: number, active: number): void {
    this.#active[index] = active;
    this.chooser.changed(index);
  }

  setWeight(index: number, weight: number): void {
    this.#weights[index] = weight;
    this.chooser.changed(index);
  }

  setAvailable(index: number, available: boolean): void {
    this.#available[index] = available;
    this.chooser.changed(index);
  }

  /** The first choice of one connection. */
  pick(clientHash = 0): number {
    return this.chooser.pick({ clientHash });
  }

  /** As {@link CandidateList.pick}, and the connection stays. */
  connect(clientHash = 0): number {
    const index = this.pick(clientHash);
    if (index >= 0) this.setActive(index, this.active(index) + 1);
    return index;
  }

  /** Begins the tries of one connection. */
  begin(clientHash = 0): Tries {
    return new Tries(this.chooser, clientHash);
  }

  /** All candidates of one connection, in order. */
  order(clientHash = 0): number[] {
    return drain(this.begin(clientHash));
  }
}

/** One connection that tries one candidate after the other. */
export class Tries implements Tried {
  readonly #chooser: Chooser;
  readonly #clientHash: number;
  readonly #indexes = new Set<number>();
  last = -1;
  ranking: Ranking | undefined;

  constructor(chooser: Chooser, clientHash: number) {
    this.#chooser = chooser;
    this.#clientHash = clientHash;
  }

  get count(): number {
    return this.#indexes.size;
  }

  has(index: number): boolean {
    return this.#indexes.has(index);
  }

  /** Its next candidate, or -1. */
  next(): number {
    const index = this.#chooser.pick({ clientHash: this.#clientHash }, this.count === 0 ? undefined : this);
    if (index >= 0) {
      this.#indexes.add(index);
      this.last = index;
    }
    return index;
  }
}

/** What a connection has left to try. */
export function drain(order: Tries): number[] {
  const indexes: number[] = [];
  for (let index = order.next(); index >= 0; index = order.next()) indexes.push(index);
  return indexes;
}

/** How often each of the numbers 0 to size - 1 is in the list. */
export function tally(indexes: readonly number[], size: number): number[] {
  const counts = new Array<number>(size).fill(0);
  for (const index of indexes) counts[index] = (counts[index] ?? 0) + 1;
  return counts;
}
