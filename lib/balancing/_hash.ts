/**
 * The hashes that `source_hash` rests on. Every replica of every version must compute the same: changing one moves all
 * clients, and the golden values of the tests notice.
 *
 * @module
 */

const ENCODER = new TextEncoder();

/** FNV-1a over bytes (draft-eastlake-fnv), then mixed, as FNV leaves its upper bits poor. Unsigned, 32 bits. */
export function hashBytes(bytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
  return mix(hash);
}

/** {@link hashBytes} over UTF-8. */
export function hashText(text: string): number {
  return hashBytes(ENCODER.encode(text));
}

/** The finalizer of MurmurHash3: every bit of 32 in reaches every bit of 32 out, and no two numbers meet. Unsigned. */
export function mix(value: number): number {
  let hash = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
