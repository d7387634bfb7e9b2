/** The Castagnoli polynomial 0x1EDC6F41, bits reversed. */
const CASTAGNOLI = 0x82f63b78;

const CRC32C_TABLE = crc32cTable();

/**
 * Computes a CRC32C checksum (RFC 9260 appendix A, as of RFC 4960 appendix B), an unsigned 32-bit number.
 *
 * @param previous checksum of the preceding bytes, to sum a whole in parts; default: none.
 */
export function crc32c(bytes: Uint8Array, previous = 0): number {
  let crc = ~previous;
  for (const byte of bytes) crc = (CRC32C_TABLE[(crc ^ byte) & 0xff] ?? 0) ^ (crc >>> 8);
  return ~crc >>> 0;
}

function crc32cTable(): Uint32Array {
  const table = new Uint32Array(256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 0 ? crc >>> 1 : (crc >>> 1) ^ CASTAGNOLI;
    table[byte] = crc;
  }
  return table;
}
