/**
 * Microtask turns after which a read that found bytes waiting has settled: two by the runtime, a few by a wrapper. A
 * slower read only splits a message in two.
 */
const TURNS = 16;

/**
 * Returns the result of a read that found bytes waiting, else `undefined`; the caller still has to await such a read.
 */
export async function atOnce(reading: Promise<number | null>): Promise<number | undefined> {
  let count: number | null | undefined;
  reading.then((result) => count = result, () => {});
  for (let turn = 0; turn < TURNS && count === undefined; turn++) await undefined;
  return count ?? undefined;
}
