import { type Cidr, CidrError, formatCidr, parseCidr } from "./cidr.ts";
import { formatIp, type IpBytes, parseIp, unmapIp } from "./ip.ts";

/** Consecutive IP addresses of one family: a block, or a first and a last address. */
export interface AddressRange {
  /** 4 or 16 bytes. */
  readonly first: IpBytes;
  /** How many, at least 1; of a larger range only the first {@link MAX_RANGE} are used. */
  readonly size: number;
  /** As the config writes it. */
  readonly text: string;
}

/** The most addresses of one range: a turn through them is a 32-bit number. */
export const MAX_RANGE = 2 ** 32;

/** A range that cannot be read; the message names what is expected. */
export class AddressRangeError extends Error {
  override readonly name = "AddressRangeError";
}

/**
 * Parses an address, a block (`10.0.0.0/28`) or a first and a last address (`10.0.0.4-10.0.0.9`). The addresses of a
 * block that no host has are left out: the network and broadcast addresses of IPv4 (RFC 1122 section 3.2.1.3) and the
 * anycast address of all routers of IPv6 (RFC 4291 section 2.6.1); blocks too small to have them keep all.
 *
 * @throws {AddressRangeError} when it is none of these.
 */
export function parseAddressRange(text: string): AddressRange {
  const [, first, last] = /^(\S*?)\s*-\s*(\S*)$/.exec(text) ?? [];
  return first === undefined || last === undefined ? parseBlock(text) : parseEnds(text, first, last);
}

function parseBlock(text: string): AddressRange {
  let cidr: Cidr;
  try {
    cidr = parseCidr(text);
  } catch (error) {
    if (!(error instanceof CidrError)) throw error;
    throw new AddressRangeError(error.message, { cause: error });
  }
  const { network, prefix } = cidr;
  const isIpv4 = network.length === 4;
  const bits = network.length * 8 - prefix;
  const [skipped, reserved] = bits < 2 ? [0, 0] : isIpv4 ? [1, 2] : [1, 1];
  return {
    first: plus(network, skipped),
    size: Math.min(2 ** bits - reserved, MAX_RANGE),
    text: formatCidr(cidr),
  };
}

function parseEnds(text: string, from: string, to: string): AddressRange {
  const [first, last] = [ipOf(from), ipOf(to)];
  if (first.length !== last.length) {
    throw new AddressRangeError(
      `the range "${text}" mixes IPv4 and IPv6; expected two addresses of one family`,
    );
  }
  const size = numberOf(last) - numberOf(first) + 1n;
  if (size <= 0n) throw new AddressRangeError(`the range "${text}" runs backwards; expected "${to}-${from}"`);
  return {
    first,
    size: size > MAX_RANGE ? MAX_RANGE : Number(size),
    text: `${formatIp(first)}-${formatIp(last)}`,
  };
}

function ipOf(text: string): IpBytes {
  const ip = parseIp(text);
  if (ip !== undefined) return unmapIp(ip);
  throw new AddressRangeError(`"${text}" is no IP address; expected one like "10.0.0.4" or "fd00::4"`);
}

function numberOf(ip: IpBytes): bigint {
  return ip.reduce((number, byte) => number * 256n + BigInt(byte), 0n);
}

/** Returns the address so many after this one. */
function plus(first: IpBytes, offset: number): IpBytes {
  const sum = first.slice();
  writeAddress({ first }, offset, sum, 0);
  return sum;
}

/** Writes the address at `offset` (below 2^32) of the range into `bytes` at `at`; allocates nothing. */
export function writeAddress(
  { first }: Pick<AddressRange, "first">,
  offset: number,
  bytes: Uint8Array,
  at: number,
): void {
  for (let index = 0; index < first.length; index++) bytes[at + index] = first[index] ?? 0;
  let carry = offset;
  for (let index = at + first.length - 1; index >= at && carry > 0; index--) {
    const sum = (bytes[index] ?? 0) + carry % 256;
    bytes[index] = sum & 0xff;
    carry = Math.floor(carry / 256) + (sum >> 8);
  }
}
