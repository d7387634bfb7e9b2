/**
 * Socket addresses as the kernel has them (`ip(7)`, `ipv6(7)`, `unix(7)`): families in the machine's byte order, which is
 * little-endian on every supported one, ports and addresses in network order.
 *
 * @module
 */
import { type Address, formatIp, MAX_UNIX_PATH_BYTES, parseIp } from "../../../base/mod.ts";
import { AF_INET, AF_INET6, AF_UNIX } from "./constants.ts";

/** Size of `sockaddr_in`. */
const IN_BYTES = 16;
/** Size of `sockaddr_in6`. */
const IN6_BYTES = 28;
/** Offset of the path in `sockaddr_un`. */
const PATH_AT = 2;

/** Room for any address: `sockaddr_un`, the largest, with a byte for its NUL. */
export const MAX_SOCKADDR_BYTES = 112;

/**
 * Encodes an address; its length is the length to pass to the kernel.
 *
 * @throws {RangeError} for a host that is no IP address, or a path that does not fit.
 */
export function encodeSockaddr(address: Address): Uint8Array<ArrayBuffer> {
  const known = ENCODED.get(address);
  if (known !== undefined) return known;
  const encoded = address.kind === "unix" ? encodeUnix(address.path) : encodeIp(address.host, address.port);
  ENCODED.set(address, encoded);
  return encoded;
}

/** Returns whether the address was encoded before, and so is no name. */
export function isEncoded(address: Address): boolean {
  return ENCODED.has(address);
}

/** A target's address is dialed again and again. */
const ENCODED = new WeakMap<Address, Uint8Array<ArrayBuffer>>();

/** The family of an address's socket. */
export function familyOf(address: Address): number {
  if (address.kind === "unix") return AF_UNIX;
  return address.host.includes(":") ? AF_INET6 : AF_INET;
}

/**
 * Decodes an address from the kernel; an IPv4-mapped address, as a socket for both families shows an IPv4 peer, in its
 * own form. A unix socket that is bound to no path has an empty one.
 *
 * @param length the length that the kernel gave.
 * @throws {RangeError} for another family.
 */
export function decodeSockaddr(bytes: Uint8Array, length: number): Address {
  // The kernel gives the length 0 or 2 for a unix socket without a name.
  const family = length < 2 ? AF_UNIX : byteAt(bytes, 0) | byteAt(bytes, 1) << 8;
  switch (family) {
    case AF_INET:
      return { kind: "tcp", host: dotted(bytes, 4), port: portOf(bytes) };
    case AF_INET6: {
      const host = isMapped(bytes) ? dotted(bytes, 20) : formatIp(bytes.subarray(8, 24));
      return { kind: "tcp", host, port: portOf(bytes) };
    }
    case AF_UNIX:
      return { kind: "unix", path: decodePath(bytes.subarray(PATH_AT, Math.max(PATH_AT, length))) };
    default:
      throw new RangeError(`decode socket address: unknown family ${family}`);
  }
}

// Every connection's addresses come by here: views and joined arrays cost some microseconds each.

function portOf(bytes: Uint8Array): number {
  return byteAt(bytes, 2) << 8 | byteAt(bytes, 3);
}

function dotted(bytes: Uint8Array, at: number): string {
  return `${byteAt(bytes, at)}.${byteAt(bytes, at + 1)}.${byteAt(bytes, at + 2)}.${byteAt(bytes, at + 3)}`;
}

/** Returns whether an IPv6 address is `::ffff:a.b.c.d` (RFC 4291 section 2.5.5.2). */
function isMapped(bytes: Uint8Array): boolean {
  for (let at = 8; at < 18; at++) if (bytes[at] !== 0) return false;
  return bytes[18] === 0xff && bytes[19] === 0xff;
}

function byteAt(bytes: Uint8Array, at: number): number {
  return bytes[at] ?? 0;
}

/** Returns an address of no host and port 0, and where its IP address stands. */
export function newSockaddr(family: number): { sockaddr: Uint8Array<ArrayBuffer>; at: number } {
  const isIpv6 = family === AF_INET6;
  const sockaddr = new Uint8Array(isIpv6 ? IN6_BYTES : IN_BYTES);
  new DataView(sockaddr.buffer).setUint16(0, family, true);
  return { sockaddr, at: isIpv6 ? 8 : 4 };
}

function encodeIp(host: string, port: number): Uint8Array<ArrayBuffer> {
  const ip = parseIp(host);
  if (ip === undefined) throw new RangeError(`encode socket address: "${host}" is no IP address`);
  const { sockaddr, at } = newSockaddr(ip.length === 16 ? AF_INET6 : AF_INET);
  new DataView(sockaddr.buffer).setUint16(2, port);
  sockaddr.set(ip, at);
  return sockaddr;
}

function encodeUnix(path: string): Uint8Array<ArrayBuffer> {
  const text = new TextEncoder().encode(path);
  if (text.length > MAX_UNIX_PATH_BYTES || text.includes(0)) {
    throw new RangeError(`encode socket address: "${path}" is no path of a unix socket`);
  }
  const bytes = new Uint8Array(PATH_AT + text.length + 1);
  new DataView(bytes.buffer).setUint16(0, AF_UNIX, true);
  bytes.set(text, PATH_AT);
  return bytes;
}

/** Reads to the NUL, or to the end where the path fills the structure; an abstract name has no path. */
function decodePath(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
}
