import type { Random } from "../../../lib/base/mod.ts";

/** Numbers from 0 to below 1, the same for the same seed. (mulberry32, by Tommy Ettinger; public domain.) */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Gives these numbers, one after the other; asking for more is an error of the test. */
export function scriptedRandom(...numbers: number[]): Random {
  let given = 0;
  return () => {
    const number = numbers[given++];
    if (number === undefined) {
      throw new Error(`scriptedRandom: ${given} numbers asked for, ${given - 1} given`);
    }
    return number;
  };
}
