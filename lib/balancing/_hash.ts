/**
 * The hashes behind `source_hash`. Every replica and version must compute the same values: a change moves all
 * clients, and fails the tests' golden values.
 *
 * @module
 */

const ENCODER = new TextEncoder();

/** FNV-1a over bytes (draft-eastlake-fnv), then mixed, because FNV leaves its upper bits weak. Unsigned, 32 bits. */
export function hashBytes(bytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
  return mix(hash);
}

/** Hashes the UTF-8 bytes of a text with {@link hashBytes}. */
export function hashText(text: string): number {
  return hashBytes(ENCODER.encode(text));
}

/** The finalizer of MurmurHash3: a bijection in which every input bit affects every output bit. Unsigned, 32 bits. */
export function mix(value: number): number {
  let hash = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
