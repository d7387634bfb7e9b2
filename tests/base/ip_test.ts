import { assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  formatIp,
  ipv4Number,
  isLoopback,
  parseIp,
  parseIpv4,
  parseIpv6,
  unmapIp,
} from "../../lib/base/mod.ts";

/** An address in the form that the parser was given it, in canonical form, or why there is none. */
function canonical(text: string): string {
  const bytes = parseIp(text);
  return bytes === undefined ? "none" : formatIp(bytes);
}

Deno.test("parseIpv4: reads a dotted quad and nothing else", () => {
  assertEquals(["0.0.0.0", "255.255.255.255", "192.0.2.1"].map((text) => parseIpv4(text)?.join(".")), [
    "0.0.0.0",
    "255.255.255.255",
    "192.0.2.1",
  ]);
  const refused = [
    "",
    "1.2.3",
    "1.2.3.4.5",
    "1.2.3.256",
    "1.2.3.04",
    "00.1.2.3",
    "1..2.3",
    ".1.2.3",
    "1.2.3.",
  ];
  for (const text of [...refused, " 1.2.3.4", "1.2.3.4 ", "0x1.2.3.4", "-1.2.3.4", "1.2.3.4444"]) {
    assertEquals([text, parseIpv4(text)], [text, undefined]);
  }
});

Deno.test("parseIpv6: reads every form of RFC 4291", () => {
  const forms: Record<string, string> = {
    "::": "::",
    "::1": "::1",
    "1::": "1::",
    "2001:DB8:0:0:8:800:200C:417A": "2001:db8::8:800:200c:417a",
    "1:2:3:4:5:6:7::": "1:2:3:4:5:6:7:0",
    "::2:3:4:5:6:7:8": "0:2:3:4:5:6:7:8",
    "1::3:4:5:6:7:8": "1:0:3:4:5:6:7:8",
    "::ffff:192.0.2.1": "::ffff:192.0.2.1",
    "::ffff:c000:201": "::ffff:192.0.2.1",
    "64:ff9b::192.0.2.33": "64:ff9b::c000:221",
    "1:2:3:4:5:6:1.2.3.4": "1:2:3:4:5:6:102:304",
  };
  for (const [text, wanted] of Object.entries(forms)) assertEquals(canonical(text), wanted);
});

Deno.test("parseIpv6: refuses everything else", () => {
  const refused = [
    ":",
    ":::",
    "1",
    "1:",
    ":1",
    "1::2::3",
    "12345::",
    "g::",
    "1:2:3:4:5:6:7",
    "::1%eth0",
    "[::1]",
  ];
  const tooLong = ["1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7:8::", "::1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:1.2.3.4"];
  const badTail = [
    "1.2.3.4::",
    "::1.2.3.4:5",
    "::1.2.3",
    "::1.2.3.04",
    "::1:2:3:4:5:6:1.2.3.4",
    "::1.2.3.4.5",
  ];
  for (const text of [...refused, ...tooLong, ...badTail]) {
    assertEquals([text, parseIpv6(text)], [text, undefined]);
  }
});

Deno.test("parseIp: every address is read back as it is written", () => {
  const bytes = [4, 16].map((length) => fc.uint8Array({ minLength: length, maxLength: length }));
  // Few different values, so that runs of zeros come up.
  const runs = fc.array(fc.constantFrom(0, 0, 0, 255), { minLength: 16, maxLength: 16 });
  fc.assert(fc.property(fc.oneof(...bytes, runs.map((run) => Uint8Array.from(run))), (address) => {
    assertEquals(parseIp(formatIp(address)), address);
  }));
});

Deno.test("ipv4Number: is the address itself, also of an IPv4-mapped one", () => {
  fc.assert(fc.property(fc.nat({ max: 2 ** 32 - 1 }), (number) => {
    const text = [24, 16, 8, 0].map((shift) => (number >>> shift) & 255).join(".");
    assertEquals([ipv4Number(text), ipv4Number(`::ffff:${text}`)], [number, number]);
    assertEquals([...unmapIp(parseIp(`::ffff:${text}`) ?? new Uint8Array())].join("."), text);
  }));
  const others = ["", "::1", "::ffff:", "::ffff:1.2.3", "::fffe:1.2.3.4", "1.2.3.4.5", "::ffff:102:304"];
  assertEquals(others.map((text) => ipv4Number(text)), others.map(() => undefined));
});

Deno.test("isLoopback: localhost and the addresses of this machine alone", () => {
  const own = ["localhost", "LocalHost", "127.0.0.1", "127.255.255.254", "::1", "0:0::1", "::ffff:127.0.0.1"];
  const others = [
    "",
    "localhost.example",
    "0.0.0.0",
    "::",
    "128.0.0.1",
    "::2",
    "1::1",
    "::ffff:10.0.0.1",
    "127.1",
  ];
  assertEquals(own.filter((host) => !isLoopback(host)), []);
  assertEquals(others.filter(isLoopback), []);
});
