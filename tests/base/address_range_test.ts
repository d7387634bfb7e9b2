import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import {
  type AddressRange,
  AddressRangeError,
  formatIp,
  MAX_RANGE,
  parseAddressRange,
  parseIp,
  writeAddress,
} from "../../lib/base/mod.ts";

function addressAt(range: AddressRange, offset: number): string {
  const bytes = new Uint8Array(range.first.length + 3);
  writeAddress(range, offset, bytes, 2);
  assertEquals([bytes[0], bytes[1], bytes.at(-1)], [0, 0, 0], "nothing around it is written");
  return formatIp(bytes.slice(2, -1));
}

function endsOf(text: string): [first: string, last: string, size: number] {
  const range = parseAddressRange(text);
  return [addressAt(range, 0), addressAt(range, range.size - 1), range.size];
}

Deno.test("parseAddressRange: an address, a block, and a first and a last address", () => {
  assertEquals(endsOf("10.0.0.5"), ["10.0.0.5", "10.0.0.5", 1]);
  assertEquals(endsOf("10.0.0.4-10.0.0.9"), ["10.0.0.4", "10.0.0.9", 6]);
  assertEquals(endsOf("10.0.0.250 - 10.0.1.4"), ["10.0.0.250", "10.0.1.4", 11]);
  assertEquals(endsOf("fd00::fffe-fd00::1:1"), ["fd00::fffe", "fd00::1:1", 4]);
  assertEquals(endsOf("::ffff:10.0.0.1-10.0.0.2"), ["10.0.0.1", "10.0.0.2", 2]);
});

Deno.test("parseAddressRange: of a block, what no host has is left out", () => {
  assertEquals(endsOf("10.0.0.0/24"), ["10.0.0.1", "10.0.0.254", 254]);
  assertEquals(endsOf("10.0.0.8/30"), ["10.0.0.9", "10.0.0.10", 2]);
  assertEquals(endsOf("10.0.0.8/31"), ["10.0.0.8", "10.0.0.9", 2]);
  assertEquals(endsOf("10.0.0.8/32"), ["10.0.0.8", "10.0.0.8", 1]);
  assertEquals(endsOf("fd00::/126"), ["fd00::1", "fd00::3", 3]);
  assertEquals(endsOf("fd00::/127"), ["fd00::", "fd00::1", 2]);
  assertStrictEquals(parseAddressRange("fd00::/64").size, MAX_RANGE);
});

Deno.test("parseAddressRange: anything else is refused with what is expected", () => {
  const refused: Readonly<Record<string, string>> = {
    "10.0.0.9-10.0.0.4": `the range "10.0.0.9-10.0.0.4" runs backwards; expected "10.0.0.4-10.0.0.9"`,
    "10.0.0.1-fd00::1": "mixes IPv4 and IPv6",
    "10.0.0.1-": `"" is no IP address`,
    "10.0.0.1/8": "has bits set beyond its prefix",
    host: "is no IP address",
    "": "is no IP address",
  };
  for (const [text, message] of Object.entries(refused)) {
    assertThrows(() => parseAddressRange(text), AddressRangeError, message);
  }
});

Deno.test("parseAddressRange: every address of a range is in it, in order, and its text gives it again", () => {
  const ip = fc.oneof(
    fc.uint8Array({ minLength: 4, maxLength: 4 }),
    fc.uint8Array({ minLength: 16, maxLength: 16 }).filter(([first]) => first !== 0),
  );
  fc.assert(fc.property(ip, fc.nat({ max: 2 ** 32 - 1 }), (first, offset) => {
    const text = formatIp(first);
    const last = formatIp(sum(first, BigInt(offset)));
    fc.pre(numberOf(first) + BigInt(offset) < 1n << BigInt(first.length * 8));
    const range = parseAddressRange(`${text}-${last}`);
    assertStrictEquals(range.size, offset + 1);
    assertStrictEquals(addressAt(range, offset), last);
    assertEquals(parseAddressRange(range.text), range);
  }));
});

function numberOf(ip: Uint8Array): bigint {
  return ip.reduce((number, byte) => number * 256n + BigInt(byte), 0n);
}

function sum(ip: Uint8Array, offset: bigint): Uint8Array {
  let number = numberOf(ip) + offset;
  const bytes = ip.slice();
  for (let at = bytes.length - 1; at >= 0; at--, number /= 256n) bytes[at] = Number(number % 256n);
  return parseIp(formatIp(bytes)) ?? bytes;
}
