import { formatIp, type IpBytes, isIpv4Mapped, parseIp } from "./ip.ts";

/** A block of addresses (RFC 4632, RFC 4291 section 2.3): its first address, and how many leading bits all share. */
export interface Cidr {
  /** 4 or 16 bytes, with no bit set beyond the prefix. */
  readonly network: IpBytes;
  /** 0 to 32, or 0 to 128. */
  readonly prefix: number;
}

/** A block that cannot be read; the message says what it is and what is expected. */
export class CidrError extends Error {
  override readonly name = "CidrError";
}

/** The bits before the IPv4 address in an IPv4-mapped one. */
const MAPPED_BITS = 96;

/**
 * Parses a block, `10.0.0.0/8` or `fd00::/8`, or a single address, which is a block of its own.
 *
 * Bits beyond the prefix are an error: `10.0.0.1/8` may mean that host as well as that network, and guessing wrong would
 * open or shut a network. A block of IPv4-mapped addresses (`::ffff:10.0.0.0/104`) is the IPv4 block (`10.0.0.0/8`), as
 * clients are known by their IPv4 address.
 *
 * @throws {CidrError} when it is neither.
 */
export function parseCidr(text: string): Cidr {
  const slash = text.indexOf("/");
  const address = slash < 0 ? text : text.slice(0, slash);
  const bytes = parseIp(address);
  if (bytes === undefined) {
    throw new CidrError(
      `the address "${address}" is no IP address; expected one like "10.0.0.0/8" or "fd00::/8"`,
    );
  }
  const bits = bytes.length * 8;
  const prefix = slash < 0 ? bits : parsePrefix(text, slash + 1, bits);
  const network = masked(bytes, prefix);
  if (network.some((byte, index) => byte !== bytes[index])) {
    throw new CidrError(
      `the block "${text}" has bits set beyond its prefix; expected "${formatIp(network)}/${prefix}" ` +
        `(or "${address}" for that address alone)`,
    );
  }
  return prefix >= MAPPED_BITS && isIpv4Mapped(network)
    ? { network: network.slice(12), prefix: prefix - MAPPED_BITS }
    : { network, prefix };
}

/** Formats so that {@link parseCidr} reads the same block again; a single address stands without its prefix. */
export function formatCidr({ network, prefix }: Cidr): string {
  const address = formatIp(network);
  return prefix === network.length * 8 ? address : `${address}/${prefix}`;
}

function parsePrefix(text: string, start: number, bits: number): number {
  const digits = text.slice(start);
  const prefix = /^(0|[1-9]\d{0,2})$/.test(digits) ? Number(digits) : NaN;
  if (!(prefix <= bits)) {
    throw new CidrError(`the prefix of "${text}" is "${digits}"; expected a number from 0 to ${bits}`);
  }
  return prefix;
}

function masked(bytes: IpBytes, prefix: number): IpBytes {
  return bytes.map((byte, index) => {
    const kept = Math.min(8, Math.max(0, prefix - index * 8));
    return byte & (0xff << (8 - kept)) & 0xff;
  });
}
