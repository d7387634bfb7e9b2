/**
 * What sender and receiver of the PROXY protocol have in common: the signature, the codes, the checksum.
 *
 * Source: the PROXY protocol, versions 1 and 2 (doc/proxy-protocol.txt of HAProxy, revision 2020/03/05).
 *
 * @module
 */

/** The version of a PROXY header: `v1` is a line of text, `v2` is binary. */
export type ProxyVersion = "v1" | "v2";

/** How every v1 header begins (section 2.1). */
export const PROXY_V1_PREFIX: Uint8Array = new TextEncoder().encode("PROXY ");

/** The longest v1 header in bytes, CRLF included (section 2.1). */
export const PROXY_V1_MAX_BYTES = 107;

/** How every v2 header begins (section 2.2). */
export const PROXY_V2_SIGNATURE: Uint8Array = Uint8Array.of(
  0x0d,
  0x0a,
  0x0d,
  0x0a,
  0x00,
  0x0d,
  0x0a,
  0x51,
  0x55,
  0x49,
  0x54,
  0x0a,
);

/** Bytes of a v2 header before its addresses: signature, version and command, family and protocol, length. */
export const PROXY_V2_FIXED_BYTES = 16;

/** The high half of byte 13 of a v2 header. */
export const PROXY_V2_VERSION = 0x2;

/** The low half of byte 13 of a v2 header: on whose behalf the connection is made. */
export const PROXY_V2_COMMAND = { local: 0x0, proxy: 0x1 } as const;

/** The high half of byte 14 of a v2 header. */
export const PROXY_V2_FAMILY = { unspec: 0x0, inet: 0x1, inet6: 0x2, unix: 0x3 } as const;

/** The low half of byte 14 of a v2 header. */
export const PROXY_V2_PROTOCOL = { unspec: 0x0, stream: 0x1, dgram: 0x2 } as const;

/** Bytes of both addresses and ports of a v2 header, by family. */
export const PROXY_V2_ADDRESS_BYTES = { inet: 12, inet6: 36, unix: 216 } as const;

/** Types of the type-length-value fields after the addresses of a v2 header (sections 2.2.1 to 2.2.7). */
export const PROXY_V2_TLV = {
  alpn: 0x01,
  authority: 0x02,
  crc32c: 0x03,
  noop: 0x04,
  uniqueId: 0x05,
  ssl: 0x20,
  sslVersion: 0x21,
  sslCn: 0x22,
  netns: 0x30,
} as const;

/** The Castagnoli polynomial 0x1EDC6F41, bits reversed. */
const CASTAGNOLI = 0x82f63b78;

const CRC32C_TABLE = crc32cTable();

/**
 * The CRC32C checksum of some bytes (RFC 9260 appendix A, as of RFC 4960 appendix B), an unsigned 32-bit number.
 *
 * @param previous the checksum of the bytes before these, so that a whole can be summed in parts; default none.
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
