import { assertEquals } from "@std/assert";
import fc from "fast-check";
import type { Address } from "../../lib/base/mod.ts";
import { encodeProxyHeader } from "../../lib/protocol/mod.ts";

interface Case {
  readonly name: string;
  readonly source: Address | undefined;
  readonly destination: Address | undefined;
  readonly v1: string;
  /** What follows the signature, in hexadecimal. */
  readonly v2: string;
}

const CASES: readonly Case[] = [
  {
    name: "IPv4, the example of the specification",
    source: tcp("192.168.0.1", 56324),
    destination: tcp("192.168.0.11", 443),
    v1: "PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\n",
    v2: "21 11 000c c0a80001 c0a8000b dc04 01bb",
  },
  {
    name: "IPv4 at its longest",
    source: tcp("255.255.255.255", 65535),
    destination: tcp("255.255.255.255", 65535),
    v1: "PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n",
    v2: "21 11 000c ffffffff ffffffff ffff ffff",
  },
  {
    name: "IPv6",
    source: tcp("2001:db8::1", 1),
    destination: tcp("::1", 80),
    v1: "PROXY TCP6 2001:db8::1 ::1 1 80\r\n",
    v2: "21 21 0024 20010db8000000000000000000000001 00000000000000000000000000000001 0001 0050",
  },
  {
    name: "IPv4-mapped on both sides is IPv4",
    source: tcp("::ffff:192.0.2.1", 1000),
    destination: tcp("::ffff:c633:6402", 443),
    v1: "PROXY TCP4 192.0.2.1 198.51.100.2 1000 443\r\n",
    v2: "21 11 000c c0000201 c6336402 03e8 01bb",
  },
  {
    name: "IPv4-mapped on one side and IPv4 on the other is IPv4",
    source: tcp("::ffff:192.0.2.1", 1000),
    destination: tcp("198.51.100.2", 443),
    v1: "PROXY TCP4 192.0.2.1 198.51.100.2 1000 443\r\n",
    v2: "21 11 000c c0000201 c6336402 03e8 01bb",
  },
  {
    name: "IPv4 to IPv6 is IPv6 with the first one mapped",
    source: tcp("192.0.2.1", 1000),
    destination: tcp("2001:db8::2", 443),
    v1: "PROXY TCP6 ::ffff:c000:201 2001:db8::2 1000 443\r\n",
    v2: "21 21 0024 00000000000000000000ffffc0000201 20010db8000000000000000000000002 03e8 01bb",
  },
  {
    name: "IPv6 to IPv4-mapped stays IPv6",
    source: tcp("2001:db8::2", 443),
    destination: tcp("::ffff:192.0.2.1", 1000),
    v1: "PROXY TCP6 2001:db8::2 ::ffff:c000:201 443 1000\r\n",
    v2: "21 21 0024 20010db8000000000000000000000002 00000000000000000000ffffc0000201 01bb 03e8",
  },
  {
    name: "a unix client has no address that the target could use",
    source: { kind: "unix", path: "" },
    destination: { kind: "unix", path: "/run/front.sock" },
    v1: "PROXY UNKNOWN\r\n",
    v2: "20 00 0000",
  },
  {
    name: "a unix client of a TCP listener likewise",
    source: { kind: "unix", path: "/run/client.sock" },
    destination: tcp("192.0.2.1", 80),
    v1: "PROXY UNKNOWN\r\n",
    v2: "20 00 0000",
  },
  {
    name: "a health check is the proxy's own connection",
    source: undefined,
    destination: undefined,
    v1: "PROXY UNKNOWN\r\n",
    v2: "20 00 0000",
  },
  {
    name: "a name is no address",
    source: tcp("client.example", 1),
    destination: tcp("192.0.2.1", 80),
    v1: "PROXY UNKNOWN\r\n",
    v2: "20 00 0000",
  },
];

const SIGNATURE = "0d0a0d0a000d0a515549540a";

for (const { name, source, destination, v1, v2 } of CASES) {
  Deno.test(`encodeProxyHeader: ${name}`, () => {
    assertEquals(new TextDecoder().decode(encodeProxyHeader("v1", { source, destination })), v1);
    assertEquals(hex(encodeProxyHeader("v2", { source, destination })), SIGNATURE + v2.replaceAll(" ", ""));
  });
}

Deno.test("encodeProxyHeader: every header fits into the smallest segment, and v1 into its 107 bytes", () => {
  const endpoint = fc.record({
    host: fc.oneof(fc.ipV4(), fc.ipV6()),
    port: fc.integer({ min: 0, max: 65535 }),
  });
  fc.assert(fc.property(endpoint, endpoint, (from, to) => {
    const options = { source: tcp(from.host, from.port), destination: tcp(to.host, to.port) };
    assertEquals(encodeProxyHeader("v1", options).length <= 107, true);
    assertEquals(encodeProxyHeader("v2", options).length <= 536, true);
  }));
});

function tcp(host: string, port: number): Address {
  return { kind: "tcp", host, port };
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
