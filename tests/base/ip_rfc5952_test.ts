import { assertEquals, assertStrictEquals } from "@std/assert";
import fc from "fast-check";
import { formatIp, isIpv4Mapped, parseIp, parseIpv4, parseIpv6, unmapIp } from "../../lib/base/mod.ts";

/** RFC 5952 section 4, RFC 4291 section 2.2 and 2.5.5.2: a text and its canonical form. */
const CANONICAL: readonly [text: string, canonical: string][] = [
  ["2001:0db8::0001", "2001:db8::1"],
  ["2001:db8:0:0:0:0:2:1", "2001:db8::2:1"],
  ["2001:db8::0:1", "2001:db8::1"],
  ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
  ["2001:0:0:1:0:0:0:1", "2001:0:0:1::1"],
  ["2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
  ["2001:DB8::ABCD", "2001:db8::abcd"],
  ["0:0:0:0:0:0:0:0", "::"],
  ["0:0:0:0:0:0:0:1", "::1"],
  ["1:0:0:0:0:0:0:0", "1::"],
  ["FF01:0:0:0:0:0:0:101", "ff01::101"],
  ["::ffff:192.0.2.1", "::ffff:192.0.2.1"],
  ["0:0:0:0:0:FFFF:129.144.52.38", "::ffff:129.144.52.38"],
  ["::ffff:c000:201", "::ffff:192.0.2.1"],
  ["1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"],
  ["::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"],
  ["64:ff9b::192.0.2.33", "64:ff9b::c000:221"],
];
for (const [text, canonical] of CANONICAL) {
  Deno.test(`formatIp: ${text} is ${canonical}`, () => {
    const bytes = parseIpv6(text);
    assertStrictEquals(bytes === undefined ? undefined : formatIp(bytes), canonical);
  });
}

Deno.test("parseIpv6: refuses what is no IPv6 address", () => {
  const bad = [
    "",
    ":",
    ":::",
    "1",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9",
    "1::2::3",
    "12345::",
    "g::",
    "::1 ",
    " ::1",
    "[::1]",
    "::1%lo",
    "1:2:3:4:5:6:7:8::",
    "::1:2:3:4:5:6:7:8",
    ":1::",
    "1:",
    "1::2:",
    "::1.2.3",
    "::1.2.3.4.5",
    "::256.0.0.1",
    "::01.2.3.4",
    "1:2:3:4:5:6:7:1.2.3.4",
    "::1.2.3.4:5",
    "10.0.0.1",
  ];
  for (const text of bad) assertStrictEquals(parseIpv6(text), undefined, text);
});

Deno.test("parseIpv4: reads dotted quads alone", () => {
  assertEquals(parseIpv4("192.0.2.1"), Uint8Array.of(192, 0, 2, 1));
  assertEquals(parseIpv4("0.0.0.0"), Uint8Array.of(0, 0, 0, 0));
  assertEquals(parseIpv4("255.255.255.255"), Uint8Array.of(255, 255, 255, 255));
  const bad = [
    "",
    "1",
    "1.2.3",
    "1.2.3.4.5",
    "256.0.0.1",
    "01.2.3.4",
    "1.2.3.04",
    "1.2.3.",
    ".1.2.3",
    "1..2.3",
  ];
  bad.push("1.2.3.4 ", " 1.2.3.4", "0x1.2.3.4", "1.2.3.4a", "1.2.3.-4", "1.2.3.+4", "1.2.3.1000", "127.1");
  for (const text of bad) assertStrictEquals(parseIpv4(text), undefined, text);
});

Deno.test("parseIp: reads what formatIp writes, in both families", () => {
  const bytes = fc.oneof(
    fc.uint8Array({ minLength: 4, maxLength: 4 }),
    fc.uint8Array({ minLength: 16, maxLength: 16 }),
    // Many zeros, so that runs of them are met.
    fc.array(fc.constantFrom(0, 0, 0, 1, 0xff), { minLength: 16, maxLength: 16 }).map((list) =>
      Uint8Array.from(list)
    ),
  );
  fc.assert(
    fc.property(bytes, (ip) => {
      assertEquals(parseIp(formatIp(ip)), ip);
    }),
    { numRuns: 500 },
  );
});

Deno.test("parseIp: any text is an address or undefined", () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[0-9a-f:.]{0,40}$/), (text) => {
      const bytes = parseIp(text);
      if (bytes !== undefined) assertEquals(parseIp(formatIp(bytes)), bytes);
    }),
    { numRuns: 1000 },
  );
});

Deno.test("unmapIp: an IPv4-mapped address is its IPv4 address, others are themselves", () => {
  const read = (text: string): Uint8Array => parseIp(text) ?? new Uint8Array();
  assertEquals(unmapIp(read("::ffff:192.0.2.1")), read("192.0.2.1"));
  assertStrictEquals(isIpv4Mapped(read("::ffff:192.0.2.1")), true);
  for (const text of ["192.0.2.1", "::192.0.2.1", "::1", "::fffe:192.0.2.1", "1::ffff:192.0.2.1"]) {
    assertStrictEquals(isIpv4Mapped(read(text)), false, text);
    assertEquals(unmapIp(read(text)), read(text));
  }
});
