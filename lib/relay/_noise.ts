/**
 * Random numbers that depend on nothing but their keys, so that what one session draws does not change what the next
 * one gets, and the n-th byte meets the same number however the bytes before it were cut.
 *
 * The way of counter-based generators (Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3",
 * SC 2011), with the 32-bit finalizer of MurmurHash3 (Austin Appleby, public domain) as the mixing function. Not for
 * secrets.
 *
 * @module
 */

const GOLDEN = 0x9e3779b9;

/** A state for `key` below `state`: an unsigned 32-bit number. All 53 bits of a whole `key` count. */
export function mix(state: number, key: number): number {
  return avalanche((avalanche(state + GOLDEN + (key >>> 0)) ^ Math.floor(key / 2 ** 32)) >>> 0);
}

/** The number of a state, from 0 (included) to 1 (excluded). */
export function unit(state: number): number {
  return state / 2 ** 32;
}

function avalanche(number: number): number {
  let bits = number >>> 0;
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
}
