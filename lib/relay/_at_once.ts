/**
 * Microtask turns after which a read that had bytes at once has settled: two by the runtime, a few by a wrapper. One that
 * takes longer only costs a message its wholeness.
 */
const TURNS = 16;

/** What a read gives where bytes were there already; else `undefined`, and its end is still to be waited for. */
export async function atOnce(reading: Promise<number | null>): Promise<number | undefined> {
  let count: number | null | undefined;
  reading.then((result) => count = result, () => {});
  for (let turn = 0; turn < TURNS && count === undefined; turn++) await undefined;
  return count ?? undefined;
}
