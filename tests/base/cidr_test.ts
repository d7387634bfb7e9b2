import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { CidrError, formatCidr, formatIp, parseCidr } from "../../lib/base/mod.ts";

Deno.test("parseCidr: reads blocks and single addresses of both families", () => {
  const texts = ["10.0.0.0/8", "0.0.0.0/0", "192.0.2.1", "192.0.2.128/25", "fd00::/8", "::/0", "2001:db8::1"];
  assertEquals(texts.map((text) => formatCidr(parseCidr(text))), texts);
  assertEquals(parseCidr("192.0.2.1").prefix, 32);
  assertEquals(parseCidr("::1").prefix, 128);
});

Deno.test("parseCidr: a single address with its full prefix is that address", () => {
  assertEquals(formatCidr(parseCidr("192.0.2.1/32")), "192.0.2.1");
  assertEquals(formatCidr(parseCidr("::1/128")), "::1");
});

Deno.test("parseCidr: a block of IPv4-mapped addresses is the IPv4 block", () => {
  assertEquals(formatCidr(parseCidr("::ffff:10.0.0.0/104")), "10.0.0.0/8");
  assertEquals(formatCidr(parseCidr("::ffff:192.0.2.1")), "192.0.2.1");
  assertEquals(formatCidr(parseCidr("::ffff:0:0/96")), "0.0.0.0/0");
});

Deno.test("parseCidr: bits beyond the prefix are refused, and the block is suggested", () => {
  const error = assertThrows(() => parseCidr("10.0.0.1/8"), CidrError);
  assertEquals(
    error.message,
    `the block "10.0.0.1/8" has bits set beyond its prefix; expected "10.0.0.0/8" (or "10.0.0.1" for that address alone)`,
  );
  assertThrows(() => parseCidr("fd00::1/8"), CidrError, `expected "fd00::/8"`);
});

Deno.test("parseCidr: says what is wrong with anything else", () => {
  const wanted: Record<string, string> = {
    "": `the address "" is no IP address`,
    "example.com": `the address "example.com" is no IP address`,
    "10.0.0/8": `the address "10.0.0" is no IP address`,
    "010.0.0.0/8": `the address "010.0.0.0" is no IP address`,
    "10.0.0.0/33": `the prefix of "10.0.0.0/33" is "33"; expected a number from 0 to 32`,
    "10.0.0.0/": `is ""; expected a number from 0 to 32`,
    "10.0.0.0/08": `is "08"; expected a number from 0 to 32`,
    "10.0.0.0/8/8": `is "8/8"; expected a number from 0 to 32`,
    "10.0.0.0/255.0.0.0": `is "255.0.0.0"; expected a number from 0 to 32`,
    "::/129": `is "129"; expected a number from 0 to 128`,
    "fe80::1%eth0": `the address "fe80::1%eth0" is no IP address`,
  };
  for (const [text, message] of Object.entries(wanted)) {
    assertThrows(() => parseCidr(text), CidrError, message);
  }
});

Deno.test("parseCidr: every block is read back as it is written", () => {
  const bytes = fc.oneof(
    fc.uint8Array({ minLength: 4, maxLength: 4 }),
    fc.uint8Array({ minLength: 16, maxLength: 16 }),
  );
  fc.assert(fc.property(bytes, fc.nat({ max: 128 }), (address, any) => {
    const prefix = any % (address.length * 8 + 1);
    const network = address.map((byte, index) =>
      byte & (0xff << (8 - Math.min(8, Math.max(0, prefix - index * 8)))) & 0xff
    );
    const text = `${formatIp(network)}/${prefix}`;
    const written = formatCidr(parseCidr(text));
    assertEquals(formatCidr(parseCidr(written)), written);
    assertEquals(parseCidr(text), parseCidr(written));
  }));
});
