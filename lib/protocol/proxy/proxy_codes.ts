/**
 * Constants shared by sender and receiver of the PROXY protocol.
 *
 * Source: the PROXY protocol, versions 1 and 2 (doc/proxy-protocol.txt of HAProxy, revision 2020/03/05).
 *
 * @module
 */

/** Prefix of every v1 header (section 2.1). */
export const PROXY_V1_PREFIX: Uint8Array = new TextEncoder().encode("PROXY ");

/** The longest v1 header in bytes, CRLF included (section 2.1). */
export const PROXY_V1_MAX_BYTES = 107;

/** Prefix of every v2 header (section 2.2). */
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

/**
 * Largest accepted block of addresses and fields, in bytes; the header could announce 65535. The longest addresses
 * take 216 bytes, a unique id at most 128, a host name 255; the rest is room for a client's certificate, which some
 * senders add. nginx has the same limit.
 */
export const PROXY_V2_MAX_BLOCK_BYTES = 4096;

/** Longest accepted header of either version. */
export const MAX_PROXY_HEADER_BYTES = PROXY_V2_FIXED_BYTES + PROXY_V2_MAX_BLOCK_BYTES;

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

/** Bytes of the checksum. */
export const CRC32C_BYTES = 4;

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
  sslCipher: 0x23,
  sslClientCert: 0x28,
  netns: 0x30,
} as const;
