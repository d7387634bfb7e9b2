/**
 * IP addresses as bytes, without any runtime API: parsing, formatting and classification.
 *
 * Sources: RFC 4291 section 2.2 (text forms of IPv6), RFC 5952 (canonical form), RFC 6943 section 3.1.1
 * (why "010.0.0.1" and "127.1" are refused rather than guessed).
 *
 * @module
 */

/** An IP address: 4 bytes for IPv4, 16 bytes for IPv6, in network order. */
export type IpBytes = Uint8Array;

/** Parses a dotted quad; `undefined` when the text is anything else (leading zeros and short forms included). */
export function parseIpv4(text: string): IpBytes | undefined {
  const number = scanIpv4(text, 0);
  return number < 0 ? undefined : Uint8Array.of(number >>> 24, number >>> 16, number >>> 8, number);
}

/** Parses an IPv6 address without brackets or zone; `undefined` when the text is anything else. */
export function parseIpv6(text: string): IpBytes | undefined {
  const bytes = new Uint8Array(16);
  let written = 0;
  /** Where the zeros of "::" go; -1 while there is none. */
  let gap = -1;
  let at = 0;
  if (text.startsWith("::")) {
    gap = 0;
    at = 2;
  }
  while (at < text.length) {
    const start = at;
    let value = 0;
    for (let digit = hexDigit(text, at); digit >= 0; digit = hexDigit(text, ++at)) value = value * 16 + digit;
    if (text.charCodeAt(at) === DOT) {
      const number = scanIpv4(text, start);
      if (written > 12 || number < 0) return undefined;
      for (let shift = 24; shift >= 0; shift -= 8) bytes[written++] = number >>> shift;
      break;
    }
    if (at === start || at - start > 4 || written === 16) return undefined;
    bytes[written++] = value >> 8;
    bytes[written++] = value & 0xff;
    if (at === text.length) break;
    if (text.charCodeAt(at++) !== COLON || at === text.length) return undefined;
    if (text.charCodeAt(at) !== COLON) continue;
    if (gap >= 0) return undefined;
    gap = written;
    at++;
  }
  if (gap < 0) return written === 16 ? bytes : undefined;
  if (written > 14) return undefined;
  const tail = written - gap;
  bytes.copyWithin(16 - tail, gap, written);
  return bytes.fill(0, gap, 16 - tail);
}

const DOT = 0x2e;
const COLON = 0x3a;

const MAPPED_PREFIX = "::ffff:";

/**
 * The IPv4 address of a text as an unsigned 32-bit number, also when it is written as IPv4-mapped (`::ffff:192.0.2.1`, as
 * a listener for both families shows an IPv4 client); `undefined` when the text is anything else.
 *
 * Nearly every connection's address is one of these two, so this allocates nothing.
 */
export function ipv4Number(text: string): number | undefined {
  const number = scanIpv4(text, text.startsWith(MAPPED_PREFIX) ? MAPPED_PREFIX.length : 0);
  return number < 0 ? undefined : number;
}

/** The dotted quad from `start` to the end of the text, unsigned, or -1 when there is something else. */
function scanIpv4(text: string, start: number): number {
  let at = start;
  let number = 0;
  for (let part = 0; part < 4; part++) {
    const first = at;
    let value = 0;
    for (let digit = decimalDigit(text, at); digit >= 0; digit = decimalDigit(text, ++at)) {
      value = value * 10 + digit;
    }
    const digits = at - first;
    if (digits === 0 || digits > 3 || value > 255) return -1;
    if (digits > 1 && text.charCodeAt(first) === ZERO) return -1;
    number = number * 256 + value;
    if (part < 3 && text.charCodeAt(at++) !== DOT) return -1;
  }
  return at === text.length ? number : -1;
}

const ZERO = 0x30;

/** The digit at this place, or -1 when there is none. */
function decimalDigit(text: string, at: number): number {
  const digit = text.charCodeAt(at) - ZERO;
  return digit >= 0 && digit <= 9 ? digit : -1;
}

function hexDigit(text: string, at: number): number {
  const decimal = decimalDigit(text, at);
  if (decimal >= 0) return decimal;
  // Sets the bit that tells lower from upper case.
  const letter = (text.charCodeAt(at) | 0x20) - 0x61;
  return letter >= 0 && letter <= 5 ? letter + 10 : -1;
}

/** Parses either family; `undefined` when the text is no IP address. */
export function parseIp(text: string): IpBytes | undefined {
  return text.includes(":") ? parseIpv6(text) : parseIpv4(text);
}

/** Whether these 16 bytes are an IPv4 address in IPv6 clothing (`::ffff:a.b.c.d`, RFC 4291 section 2.5.5.2). */
export function isIpv4Mapped(bytes: IpBytes): boolean {
  if (bytes.length !== 16 || bytes[10] !== 0xff || bytes[11] !== 0xff) return false;
  for (let i = 0; i < 10; i++) if (bytes[i] !== 0) return false;
  return true;
}

/**
 * Whether a host is this machine itself, seen from this machine alone: `localhost` (RFC 6761 section 6.3), `127.0.0.0/8`
 * (RFC 1122 section 3.2.1.3) or `::1`, also IPv4-mapped.
 */
export function isLoopback(host: string): boolean {
  const parsed = parseIp(host);
  if (parsed === undefined) return host.toLowerCase() === "localhost";
  const bytes = unmapIp(parsed);
  return bytes.length === 4 ? bytes[0] === 127 : bytes.every((byte, at) => byte === (at === 15 ? 1 : 0));
}

/** The address itself, with an IPv4-mapped IPv6 address reduced to its IPv4 bytes. */
export function unmapIp(bytes: IpBytes): IpBytes {
  return isIpv4Mapped(bytes) ? bytes.subarray(12) : bytes;
}

/** Formats as a dotted quad or in the canonical IPv6 form of RFC 5952. */
export function formatIp(bytes: IpBytes): string {
  if (bytes.length === 4) return bytes.join(".");
  if (isIpv4Mapped(bytes)) return `::ffff:${bytes.subarray(12).join(".")}`;
  const groups: string[] = [];
  for (let i = 0; i < 16; i += 2) groups.push((((bytes[i] ?? 0) << 8) | (bytes[i + 1] ?? 0)).toString(16));
  const run = longestZeroRun(groups);
  if (run.length < 2) return groups.join(":");
  return `${groups.slice(0, run.start).join(":")}::${groups.slice(run.start + run.length).join(":")}`;
}

function longestZeroRun(groups: string[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  let start = 0;
  for (let i = 0; i <= groups.length; i++) {
    if (i < groups.length && groups[i] === "0") continue;
    if (i - start > best.length) best = { start, length: i - start };
    start = i + 1;
  }
  return best;
}
