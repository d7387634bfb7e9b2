import { crc32c, PROXY_V2_SIGNATURE, PROXY_V2_TLV } from "../../../lib/protocol/mod.ts";
import { concat, utf8 } from "../bytes.ts";

/** A v2 header byte for byte, right or wrong. */
export interface ProxyV2Parts {
  /** Version and command; default 0x21, PROXY. */
  readonly command?: number;
  /** Family and protocol; default 0x11, TCP over IPv4. */
  readonly family?: number;
  /** What follows the fixed part. */
  readonly block?: Uint8Array;
  /** The length announced; default that of the block. */
  readonly length?: number;
}

/** Addresses of TCP over IPv4: from 192.0.2.1:1000 to 198.51.100.2:443. */
export const IPV4_BLOCK: Uint8Array = Uint8Array.of(192, 0, 2, 1, 198, 51, 100, 2, 0x03, 0xe8, 0x01, 0xbb);

/** Puts a v2 header together. */
export function buildProxyV2(parts: ProxyV2Parts = {}): Uint8Array {
  const block = parts.block ?? IPV4_BLOCK;
  const length = parts.length ?? block.length;
  return concat(
    PROXY_V2_SIGNATURE,
    Uint8Array.of(parts.command ?? 0x21, parts.family ?? 0x11, length >> 8, length & 0xff),
    block,
  );
}

/** One type-length-value field. */
export function tlv(type: number, value: Uint8Array | string): Uint8Array {
  const bytes = typeof value === "string" ? utf8(value) : value;
  return concat(Uint8Array.of(type, bytes.length >> 8, bytes.length & 0xff), bytes);
}

/** A header over TCP over IPv4 with a right checksum between `before` and `after`. */
export function buildWithChecksum(before: Uint8Array, after: Uint8Array): Uint8Array {
  const empty = tlv(PROXY_V2_TLV.crc32c, new Uint8Array(4));
  const header = buildProxyV2({ block: concat(IPV4_BLOCK, before, empty, after) });
  const at = header.length - after.length - 4;
  new DataView(header.buffer).setUint32(at, crc32c(header));
  return header;
}
