import type { DrawCounter } from "../../relay/mod.ts";

/** Counts, for all workers together, the sessions that each fault of an app is drawn for. */
export class SharedDraws implements DrawCounter {
  readonly #drawn: Uint32Array;

  /** Memory for so many rules. */
  static allocate(rules: number): SharedArrayBuffer {
    return new SharedArrayBuffer(rules * Uint32Array.BYTES_PER_ELEMENT);
  }

  constructor(memory: SharedArrayBuffer) {
    this.#drawn = new Uint32Array(memory);
  }

  next(rule: number): number {
    return Atomics.add(this.#drawn, rule, 1);
  }
}
