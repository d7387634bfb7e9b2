/**
 * Random numbers that depend only on their keys: what one session draws does not change the next one, and the n-th
 * byte gets the same number however the bytes before it were cut.
 *
 * A counter-based generator (Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011)
 * with the 32-bit finalizer of MurmurHash3 (Austin Appleby, public domain) as its mixing function. Not for secrets.
 *
 * @module
 */

const GOLDEN = 0x9e3779b9;

/** Derives the state for `key` from `state`: an unsigned 32-bit number. All 53 bits of an integer `key` count. */
export function mix(state: number, key: number): number {
  return avalanche((avalanche(state + GOLDEN + (key >>> 0)) ^ Math.floor(key / 2 ** 32)) >>> 0);
}

/** Returns the number of a state, from 0 (inclusive) to 1 (exclusive). */
export function unit(state: number): number {
  return state / 2 ** 32;
}

function avalanche(number: number): number {
  let bits = number >>> 0;
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
}
