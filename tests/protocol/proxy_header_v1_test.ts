import { assert, assertEquals } from "@std/assert";
import { parseProxyHeader, type ProxyHeaderVerdict } from "../../lib/protocol/mod.ts";
import { concat, utf8 } from "../helpers/bytes.ts";
import { expectKind } from "../helpers/protocol/verdict.ts";

interface Good {
  readonly name: string;
  readonly line: string;
  readonly source?: readonly [string, number];
  readonly destination?: readonly [string, number];
}

const GOOD: readonly Good[] = [
  {
    name: "the example of the specification",
    line: "PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\n",
    source: ["192.168.0.1", 56324],
    destination: ["192.168.0.11", 443],
  },
  {
    name: "the shortest IPv4 line",
    line: "PROXY TCP4 0.0.0.0 0.0.0.0 0 0\r\n",
    source: ["0.0.0.0", 0],
    destination: ["0.0.0.0", 0],
  },
  {
    name: "the longest IPv4 line",
    line: "PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n",
    source: ["255.255.255.255", 65535],
    destination: ["255.255.255.255", 65535],
  },
  {
    name: "the shortest IPv6 line",
    line: "PROXY TCP6 :: :: 0 0\r\n",
    source: ["::", 0],
    destination: ["::", 0],
  },
  {
    name: "the longest IPv6 line, upper case",
    line: "PROXY TCP6 FFFF:FFFF:FFFF:FFFF:FFFF:FFFF:FFFF:FFFF " +
      "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n",
    source: ["ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 65535],
    destination: ["ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 65535],
  },
  {
    name: "a mapped address with a dotted tail, as the C library prints it",
    line: "PROXY TCP6 ::ffff:192.0.2.1 ::ffff:c633:6402 1000 443\r\n",
    source: ["::ffff:192.0.2.1", 1000],
    destination: ["::ffff:198.51.100.2", 443],
  },
  { name: "UNKNOWN in its short form keeps the real address", line: "PROXY UNKNOWN\r\n" },
  {
    name: "UNKNOWN with addresses, the worst case of 107 bytes, keeps the real address",
    line: "PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff " +
      "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n",
  },
  { name: "UNKNOWN with nonsense keeps the real address", line: "PROXY UNKNOWN  what ever\r\n" },
];

for (const { name, line, source, destination } of GOOD) {
  Deno.test(`parseProxyHeader v1: ${name}`, () => {
    const bytes = utf8(line);
    const verdict = expectKind(parseProxyHeader(concat(bytes, utf8("GET / HTTP/1.1\r\n"))), "header");
    assertEquals(verdict.length, bytes.length);
    assertEquals(verdict.header.version, "v1");
    assertEquals(verdict.header.command, "proxy");
    assertEquals(verdict.header.source, tcp(source));
    assertEquals(verdict.header.destination, tcp(destination));
    for (let length = 0; length < bytes.length; length++) {
      const part = expectKind(parseProxyHeader(bytes.subarray(0, length)), "need_more");
      assert(part.atLeast > length && part.atLeast <= bytes.length, `${length} bytes: ${part.atLeast}`);
    }
  });
}

/** What is refused, and after how many of its bytes at the latest. */
const BAD: readonly (readonly [name: string, text: string, knownAfter: number, problem: RegExp])[] = [
  ["plain HTTP, at its first byte", "GET / HTTP/1.1\r\n", 1, /47/],
  ["lower case", "proxy TCP4 1.1.1.1 2.2.2.2 1 2\r\n", 1, /expected a PROXY protocol header/],
  ["HTTP PROPFIND, where it leaves the path", "PROPFIND / HTTP/1.1\r\n", 4, /50 52 4f 50/],
  ["no space after the word", "PROXYTCP4 1.1.1.1 2.2.2.2 1 2\r\n", 6, /expected a PROXY protocol header/],
  ["two spaces after the word", "PROXY  TCP4 1.1.1.1 2.2.2.2 1 2\r\n", 7, /protocol is ""/],
  ["a tab in place of a space", "PROXY\tTCP4 1.1.1.1 2.2.2.2 1 2\r\n", 6, /expected a PROXY protocol header/],
  ["a family that is none", "PROXY TCP5 1.1.1.1 2.2.2.2 1 2\r\n", 10, /"TCP5"/],
  ["a protocol that is none", "PROXY UDP4 1.1.1.1 2.2.2.2 1 2\r\n", 8, /"UDP4"/],
  ["UNKNOWN with a letter more", "PROXY UNKNOWNS\r\n", 14, /"UNKNOWNS"/],
  ["UNKNOWN cut short", "PROXY UNKNOW\r\n", 13, /"UNKNOW"/],
  ["no fields", "PROXY TCP4\r\n", 11, /0 fields/],
  ["no ports", "PROXY TCP4 1.1.1.1 2.2.2.2\r\n", 27, /2 fields/],
  ["one port", "PROXY TCP4 1.1.1.1 2.2.2.2 1\r\n", 29, /3 fields/],
  ["a field too many", "PROXY TCP4 1.1.1.1 2.2.2.2 1 2 3\r\n", 31, /more than 4 fields/],
  ["a space at the end", "PROXY TCP4 1.1.1.1 2.2.2.2 1 2 \r\n", 31, /more than 4 fields/],
  ["two spaces between fields", "PROXY TCP4 1.1.1.1  2.2.2.2 1 2\r\n", 20, /destination address is ""/],
  ["IPv6 as TCP4", "PROXY TCP4 ::1 2.2.2.2 1 2\r\n", 12, /source address is "::1"/],
  ["IPv4 as TCP6", "PROXY TCP6 ::1 2.2.2.2 1 2\r\n", 23, /destination address is "2.2.2.2"/],
  ["a leading zero", "PROXY TCP4 1.1.1.01 2.2.2.2 1 2\r\n", 20, /source address is "1.1.1.01"/],
  ["a number above 255", "PROXY TCP4 1.1.1.256 2.2.2.2 1 2\r\n", 21, /source address/],
  ["three numbers", "PROXY TCP4 1.1.1 2.2.2.2 1 2\r\n", 17, /source address is "1.1.1"/],
  ["an address in brackets", "PROXY TCP6 [::1] ::2 1 2\r\n", 12, /source address is "\[::1\]"/],
  ["an address with a zone", "PROXY TCP6 fe80::1%eth0 ::2 1 2\r\n", 19, /source address/],
  ["two double colons", "PROXY TCP6 1::2::3 ::2 1 2\r\n", 19, /source address/],
  ["nine groups", "PROXY TCP6 1:2:3:4:5:6:7:8:9 ::2 1 2\r\n", 29, /source address/],
  ["a port above 65535", "PROXY TCP4 1.1.1.1 2.2.2.2 65536 2\r\n", 32, /source port is "65536"/],
  ["a port with a leading zero", "PROXY TCP4 1.1.1.1 2.2.2.2 080 2\r\n", 29, /source port is "080"/],
  ["a negative port", "PROXY TCP4 1.1.1.1 2.2.2.2 -1 2\r\n", 28, /source port is "-1"/],
  ["a port with a sign", "PROXY TCP4 1.1.1.1 2.2.2.2 1 +2\r\n", 30, /destination port is "\+2"/],
  ["a port in hexadecimal", "PROXY TCP4 1.1.1.1 2.2.2.2 1 0x50\r\n", 31, /destination port/],
  ["a lone LF", "PROXY TCP4 1.1.1.1 2.2.2.2 1 2\n", 31, /0x0a/],
  ["a lone CR", "PROXY TCP4 1.1.1.1 2.2.2.2 1 2\rGET", 32, /lone CR/],
  ["CR twice", "PROXY TCP4 1.1.1.1 2.2.2.2 1 2\r\r\n", 32, /lone CR/],
  ["UNKNOWN ended by LF, which would swallow the data", "PROXY UNKNOWN\nGET / HTTP/1.1\r\n", 14, /0x0a/],
  ["a NUL", "PROXY UNKNOWN \0\r\n", 15, /0x00/],
  ["a DEL", "PROXY UNKNOWN \x7f\r\n", 15, /0x7f/],
  ["a byte beyond ASCII", "PROXY UNKNOWN \u00e9\r\n", 15, /0xc3/],
  ["UNKNOWN of 108 bytes", `PROXY UNKNOWN ${"x".repeat(92)}\r\n`, 107, /no CRLF in 107/],
  ["UNKNOWN without end", `PROXY UNKNOWN ${"x".repeat(5000)}`, 107, /no CRLF in 107/],
  [
    "IPv6 lines longer than 107 bytes",
    "PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255 " +
    "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255 65535 65535\r\n",
    107,
    /no CRLF in 107/,
  ],
];

for (const [name, text, knownAfter, problem] of BAD) {
  Deno.test(`parseProxyHeader v1: refuses ${name}`, () => {
    const bytes = utf8(text);
    const whole = expectKind(parseProxyHeader(bytes), text.startsWith("PROXY ") ? "bad" : "no_header");
    assert(problem.test(whole.problem), whole.problem);
    assertEquals(firstBad(bytes), knownAfter);
  });
}

function firstBad(bytes: Uint8Array): number {
  for (let length = 0; length <= bytes.length; length++) {
    const verdict: ProxyHeaderVerdict = parseProxyHeader(bytes.subarray(0, length));
    if (verdict.kind === "bad" || verdict.kind === "no_header") return length;
  }
  return Infinity;
}

function tcp(endpoint: readonly [string, number] | undefined): unknown {
  return endpoint === undefined ? undefined : { kind: "tcp", host: endpoint[0], port: endpoint[1] };
}
