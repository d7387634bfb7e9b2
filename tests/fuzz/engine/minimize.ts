import { concat } from "../../helpers/bytes.ts";

/** Most tries: a finding is shown after seconds even where each try opens a connection. */
const MAX_TRIES = 3_000;

/**
 * Makes an input smaller as long as it stays a finding: drops pieces, first halves and at last single bytes, then replaces
 * each byte by the plainest that will do (Zeller and Hildebrandt, "Simplifying and isolating failure-inducing input",
 * 2002).
 */
export async function minimize(
  input: Uint8Array,
  fails: (input: Uint8Array) => Promise<boolean>,
): Promise<Uint8Array> {
  let bytes = input;
  let tries = 0;
  const tried = async (smaller: Uint8Array): Promise<boolean> => {
    if (++tries > MAX_TRIES || !await fails(smaller)) return false;
    bytes = smaller;
    return true;
  };
  for (let size = Math.ceil(bytes.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < bytes.length && tries < MAX_TRIES;) {
      if (!await tried(concat(bytes.subarray(0, at), bytes.subarray(at + size)))) at += size;
    }
  }
  for (let at = 0; at < bytes.length && tries < MAX_TRIES; at++) {
    for (const plain of [0x61, 0x30, 0]) {
      if (bytes[at] === plain) break;
      const plainer = bytes.slice();
      plainer[at] = plain;
      if (await tried(plainer)) break;
    }
  }
  return bytes;
}
