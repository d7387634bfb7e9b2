import { seededRandom } from "../../helpers/fakes/seeded_random.ts";

const EDGES = [0, 1, 2, 3, 127, 128, 255, 256, 32767];

/** Random choices, the same for the same seed. */
export class Draw {
  readonly #random: () => number;

  constructor(seed: number) {
    this.#random = seededRandom(seed);
  }

  /** A whole number from 0 to below `limit`. */
  below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }

  /** A whole number from `first` to `last`, both included. */
  between(first: number, last: number): number {
    return first + this.below(last - first + 1);
  }

  /** True once in so many draws. */
  once(inSoMany: number): boolean {
    return this.below(inSoMany) === 0;
  }

  /** One of the entries, each as likely. */
  pick<T>(entries: readonly T[]): T {
    const entry = entries[this.below(entries.length)];
    if (entry === undefined) throw new RangeError("draw: no entries to pick from");
    return entry;
  }

  /** The entries of a list of so many, made one by one. */
  list<T>(maxLength: number, make: () => T): T[] {
    const entries: T[] = [];
    for (let left = this.below(maxLength + 1); left > 0; left--) entries.push(make());
    return entries;
  }

  /** Any bytes, at most so many. */
  bytes(maxLength: number): Uint8Array {
    return this.bytesOf(this.below(maxLength + 1));
  }

  /** So many bytes of any value. */
  bytesOf(length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    for (let at = 0; at < length; at++) bytes[at] = this.below(256);
    return bytes;
  }

  /** A number of so many bits, most often at an edge, where parsers err. */
  edge(bits: number): number {
    const top = 2 ** bits - 1;
    return this.once(3)
      ? this.below(top + 1)
      : Math.min(top, this.once(3) ? top - this.below(2) : this.pick(EDGES));
  }
}

/** The seed of the input with this number in a run. */
export function seedOf(run: number, input: number): number {
  return (Math.imul(run + 1, 0x9e3779b1) ^ Math.imul(input + 1, 0x85ebca6b)) >>> 0;
}

/** A seed that depends on the bytes alone, so that an input is checked in the same way each time (FNV-1a). */
export function seedFor(bytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}
