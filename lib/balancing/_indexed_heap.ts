/**
 * A binary min-heap of the numbers 0 to size - 1, whose entries can be moved or removed by number.
 *
 * Ordered by key, then by tie. (J. W. J. Williams, "Algorithm 232: Heapsort", Communications of the ACM 7(6), 1964,
 * with an index of the entries' places.)
 */
export class IndexedHeap {
  readonly #entries: Int32Array;
  readonly #places: Int32Array;
  readonly #keys: Float64Array;
  readonly #ties: Float64Array;
  #size = 0;

  constructor(size: number) {
    this.#entries = new Int32Array(size);
    this.#places = new Int32Array(size).fill(-1);
    this.#keys = new Float64Array(size);
    this.#ties = new Float64Array(size);
  }

  /** The least entry, or -1 if the heap is empty. */
  get top(): number {
    return this.#size === 0 ? -1 : this.#entries[0] ?? -1;
  }

  has(entry: number): boolean {
    return (this.#places[entry] ?? -1) >= 0;
  }

  /** Returns the key of an entry, or its last key if it was removed. */
  key(entry: number): number {
    return this.#keys[entry] ?? 0;
  }

  /** Whether `a` comes before `b`. */
  precedes(a: number, b: number): boolean {
    const difference = (this.#keys[a] ?? 0) - (this.#keys[b] ?? 0);
    return difference < 0 || (difference === 0 && (this.#ties[a] ?? 0) < (this.#ties[b] ?? 0));
  }

  /** Inserts an entry, or moves it if it is in the heap. */
  set(entry: number, key: number, tie: number): void {
    this.#keys[entry] = key;
    this.#ties[entry] = tie;
    let place = this.#places[entry] ?? -1;
    if (place < 0) {
      place = this.#size++;
      this.#put(entry, place);
    }
    this.#settle(entry, place);
  }

  /** Removes an entry, if it is in the heap. */
  remove(entry: number): void {
    const place = this.#places[entry] ?? -1;
    if (place < 0) return;
    this.#places[entry] = -1;
    const moved = this.#entries[--this.#size] ?? 0;
    if (moved === entry) return;
    this.#put(moved, place);
    this.#settle(moved, place);
  }

  #put(entry: number, place: number): void {
    this.#entries[place] = entry;
    this.#places[entry] = place;
  }

  #settle(entry: number, from: number): void {
    let place = from;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      const above = this.#entries[parent] ?? 0;
      if (!this.precedes(entry, above)) break;
      this.#put(above, place);
      place = parent;
    }
    for (;;) {
      const left = 2 * place + 1;
      if (left >= this.#size) break;
      const right = left + 1;
      const leftEntry = this.#entries[left] ?? 0;
      const rightEntry = this.#entries[right] ?? 0;
      const isRight = right < this.#size && this.precedes(rightEntry, leftEntry);
      const below = isRight ? rightEntry : leftEntry;
      if (!this.precedes(below, entry)) break;
      this.#put(below, place);
      place = isRight ? right : left;
    }
    this.#put(entry, place);
  }
}
