import { assert, assertEquals } from "@std/assert";
import {
  isUnderWay,
  parseProxyHeader,
  PROXY_V2_SIGNATURE,
  PROXY_V2_TLV,
  type ProxyHeader,
  ProxyTlvs,
} from "../../lib/protocol/mod.ts";
import { concat, utf8 } from "../helpers/bytes.ts";
import { buildProxyV2, buildWithChecksum, IPV4_BLOCK, tlv } from "../helpers/protocol/proxy_v2.ts";
import { expectKind } from "../helpers/protocol/verdict.ts";

const SOURCE = { kind: "tcp", host: "192.0.2.1", port: 1000 } as const;
const DESTINATION = { kind: "tcp", host: "198.51.100.2", port: 443 } as const;

Deno.test("parseProxyHeader v2: TCP over IPv4", () => {
  const header = parseWhole(buildProxyV2());
  assertEquals([header.version, header.command], ["v2", "proxy"]);
  assertEquals([header.source, header.destination], [SOURCE, DESTINATION]);
});

Deno.test("parseProxyHeader v2: TCP over IPv6", () => {
  const block = new Uint8Array(36);
  block.set([0x20, 0x01, 0x0d, 0xb8], 0);
  block.set([1, 1, 0xbb, 0, 80], 31);
  const header = parseWhole(buildProxyV2({ family: 0x21, block }));
  assertEquals(header.source, { kind: "tcp", host: "2001:db8::", port: 443 });
  assertEquals(header.destination, { kind: "tcp", host: "::1", port: 80 });
});

Deno.test("parseProxyHeader v2: unix paths end at their NUL, and may fill their field", () => {
  const block = new Uint8Array(216);
  block.set(utf8("/run/client.sock"), 0);
  block.fill(0x61, 108);
  const header = parseWhole(buildProxyV2({ family: 0x31, block }));
  assertEquals(header.source, { kind: "unix", path: "/run/client.sock" });
  assertEquals(header.destination, { kind: "unix", path: "a".repeat(108) });
});

Deno.test("parseProxyHeader v2: an unnamed unix socket has an empty path, an abstract one its sign", () => {
  const block = new Uint8Array(216);
  block.set(utf8("\0abstract"), 108);
  const header = parseWhole(buildProxyV2({ family: 0x31, block }));
  assertEquals(header.source, { kind: "unix", path: "" });
  assertEquals(header.destination, { kind: "unix", path: "@abstract" });
});

const WITHOUT_ADDRESS: readonly (readonly [name: string, header: Uint8Array])[] = [
  ["LOCAL without a block", buildProxyV2({ command: 0x20, family: 0, block: new Uint8Array() })],
  ["LOCAL with addresses", buildProxyV2({ command: 0x20 })],
  ["LOCAL with a family that is none", buildProxyV2({ command: 0x20, family: 0xff })],
  ["LOCAL with a block that means nothing", buildProxyV2({ command: 0x20, block: utf8("anything") })],
  ["UNSPEC", buildProxyV2({ family: 0x00, block: new Uint8Array() })],
  ["UNSPEC with a block that means nothing", buildProxyV2({ family: 0x00, block: utf8("anything") })],
  ["IPv4 over an unspecified protocol", buildProxyV2({ family: 0x10 })],
  ["a stream of an unspecified family", buildProxyV2({ family: 0x01, block: new Uint8Array() })],
  ["UDP over IPv4", buildProxyV2({ family: 0x12 })],
  ["UDP over IPv6", buildProxyV2({ family: 0x22, block: new Uint8Array(36) })],
  ["a unix datagram", buildProxyV2({ family: 0x32, block: new Uint8Array(216) })],
];

for (const [name, bytes] of WITHOUT_ADDRESS) {
  Deno.test(`parseProxyHeader v2: ${name} keeps the real address`, () => {
    const header = parseWhole(bytes);
    assertEquals([header.source, header.destination], [undefined, undefined]);
    assertEquals(header.command, bytes[12] === 0x20 ? "local" : "proxy");
  });
}

const BAD: readonly (readonly [name: string, header: Uint8Array, knownAfter: number, problem: RegExp])[] = [
  ["version 1 in binary", buildProxyV2({ command: 0x11 }), 13, /version of the binary header is 1/],
  ["version 3", buildProxyV2({ command: 0x31 }), 13, /version of the binary header is 3/],
  ["a command that is none", buildProxyV2({ command: 0x22 }), 13, /command is 2/],
  ["a family that is none", buildProxyV2({ family: 0x41 }), 14, /address family is 4/],
  ["a protocol that is none", buildProxyV2({ family: 0x13 }), 14, /transport protocol is 3/],
  ["IPv4 addresses cut short", buildProxyV2({ length: 11 }), 16, /announces 11 bytes, expected 12 for/],
  ["IPv4 without addresses", buildProxyV2({ length: 0 }), 16, /announces 0 bytes/],
  ["IPv6 with addresses of IPv4", buildProxyV2({ family: 0x21 }), 16, /announces 12 bytes, expected 36 for/],
  ["unix with addresses of IPv4", buildProxyV2({ family: 0x31 }), 16, /announces 12 bytes, expected 216 for/],
  ["a block above the limit", buildProxyV2({ length: 4097 }), 16, /at most 4096/],
  ["a LOCAL block above the limit", buildProxyV2({ command: 0x20, length: 65535 }), 16, /at most 4096/],
  ["a field that runs past the end", withTlvs(Uint8Array.of(0x01, 0, 3, 0x68, 0x32)), 33, /0x01 runs past/],
  ["a field without its length", withTlvs(Uint8Array.of(0x01)), 29, /0x01 runs past/],
  ["a field with half its length", withTlvs(Uint8Array.of(0x01, 0)), 30, /0x01 runs past/],
  ["a field of 65535 bytes", withTlvs(Uint8Array.of(0xee, 255, 255)), 31, /0xee runs past/],
  [
    "a checksum of three bytes",
    withTlvs(tlv(PROXY_V2_TLV.crc32c, new Uint8Array(3))),
    34,
    /3 bytes, expected 4/,
  ],
  ["a wrong checksum", withTlvs(tlv(PROXY_V2_TLV.crc32c, new Uint8Array(4))), 35, /checksum is 0x00000000/],
  ["a unique id of 129 bytes", withTlvs(tlv(PROXY_V2_TLV.uniqueId, new Uint8Array(129))), 160, /at most 128/],
  ["a TLS field of four bytes", withTlvs(tlv(PROXY_V2_TLV.ssl, new Uint8Array(4))), 35, /at least 5/],
  [
    "a TLS field whose part runs past its end",
    withTlvs(tlv(PROXY_V2_TLV.ssl, Uint8Array.of(1, 0, 0, 0, 0, 0x21, 0, 9, 0)), tlv(4, new Uint8Array(9))),
    52,
    /0x21 runs past the end of the TLS field/,
  ],
];

for (const [name, bytes, knownAfter, problem] of BAD) {
  Deno.test(`parseProxyHeader v2: refuses ${name}`, () => {
    const verdict = expectKind(parseProxyHeader(bytes), "bad");
    assert(problem.test(verdict.problem), verdict.problem);
    const before = parseProxyHeader(bytes.subarray(0, knownAfter - 1));
    assertEquals([before.kind, parseProxyHeader(bytes.subarray(0, knownAfter)).kind], ["need_more", "bad"]);
  });
}

Deno.test("parseProxyHeader v2: a signature with one byte wrong is no header", () => {
  const bytes = buildProxyV2().with(11, 0x0b);
  for (const [length, kind] of [[11, "need_more"], [12, "no_header"], [bytes.length, "no_header"]] as const) {
    assertEquals(parseProxyHeader(bytes.subarray(0, length)).kind, kind);
  }
});

Deno.test("isUnderWay: from the last byte of a signature on, which nothing else begins with", () => {
  for (const [bytes, from] of [[utf8("PROXY TCP4"), 6], [buildProxyV2(), 12]] as const) {
    for (let length = 0; length <= bytes.length; length++) {
      assertEquals(isUnderWay(bytes.subarray(0, length)), length >= from, `${length} bytes`);
    }
  }
  assertEquals(isUnderWay(utf8("PROXYTCP4 ")), false);
});

Deno.test("parseProxyHeader v2: the longest block is read", () => {
  const padding = tlv(PROXY_V2_TLV.noop, new Uint8Array(4096 - IPV4_BLOCK.length - 3));
  assertEquals(parseWhole(withTlvs(padding)).source, SOURCE);
});

Deno.test("parseProxyHeader v2: says how many bytes it waits for", () => {
  const bytes = withTlvs(tlv(PROXY_V2_TLV.alpn, "h2"));
  const atLeast = [1, 12, 15, 16, 32].map((length) => parseProxyHeader(bytes.subarray(0, length)));
  assertEquals(atLeast.map((verdict) => verdict.kind === "need_more" ? verdict.atLeast : 0), [
    15,
    16,
    16,
    33,
    33,
  ]);
});

Deno.test("ProxyTlvs: each known field is read, unknown ones are passed over", () => {
  const { tlvs } = parseWhole(withTlvs(
    tlv(0xe4, "of an application"),
    tlv(PROXY_V2_TLV.alpn, "h2"),
    tlv(PROXY_V2_TLV.authority, "b\u00fccher.example"),
    tlv(PROXY_V2_TLV.noop, new Uint8Array(5)),
    tlv(PROXY_V2_TLV.uniqueId, Uint8Array.of(0, 255, 1)),
    tlv(PROXY_V2_TLV.netns, "blue"),
  ));
  assertEquals([tlvs.alpn, tlvs.authority, tlvs.netns], ["h2", "b\u00fccher.example", "blue"]);
  assertEquals(tlvs.uniqueId, Uint8Array.of(0, 255, 1));
  assertEquals(tlvs.get(0xe4), utf8("of an application"));
  assertEquals([tlvs.ssl, tlvs.get(0xe5)], [undefined, undefined]);
});

Deno.test("ProxyTlvs: without fields, and in a v1 header, there are none", () => {
  for (const bytes of [buildProxyV2(), utf8("PROXY UNKNOWN\r\n")]) {
    assertEquals(parseWhole(bytes).tlvs, ProxyTlvs.none);
  }
  assertEquals(ProxyTlvs.none.alpn, undefined);
});

Deno.test("ProxyTlvs: the first of two fields of a type counts, and an empty one is there", () => {
  const { tlvs } = parseWhole(withTlvs(tlv(PROXY_V2_TLV.alpn, ""), tlv(PROXY_V2_TLV.alpn, "h2")));
  assertEquals(tlvs.alpn, "");
});

Deno.test("ProxyTlvs: values outlive the buffer that they came in", () => {
  const bytes = withTlvs(tlv(PROXY_V2_TLV.authority, "example.com"));
  const { header } = expectKind(parseProxyHeader(bytes), "header");
  bytes.fill(0);
  assertEquals(header.tlvs.authority, "example.com");
});

const SSL = [
  ["a client without a certificate is not verified", 0x01, 0, "never", false],
  ["a certificate on this connection is verified", 0x03, 0, "connection", true],
  ["a certificate earlier in the TLS session is verified", 0x05, 0, "session", true],
  ["a certificate that was found wanting is not", 0x03, 0x8000_0001, "connection", false],
] as const;

const SSL_PARTS = {
  version: "TLSv1.3",
  commonName: "client 7",
  cipher: "A-CIPHER",
  certificate: Uint8Array.of(0x30, 0),
};

for (const [name, client, verify, presented, verified] of SSL) {
  Deno.test(`ProxyTlvs: ${name}`, () => {
    const fixed = new Uint8Array(5);
    fixed[0] = client;
    new DataView(fixed.buffer).setUint32(1, verify);
    const value = concat(
      fixed,
      tlv(0x21, "TLSv1.3"),
      tlv(0x23, "A-CIPHER"),
      tlv(0x28, SSL_PARTS.certificate),
      tlv(0x22, "client 7"),
    );
    const { tlvs } = parseWhole(withTlvs(tlv(PROXY_V2_TLV.ssl, value)));
    assertEquals(tlvs.ssl, { overTls: true, presented, verified, ...SSL_PARTS });
  });
}

Deno.test("parseProxyHeader v2: a right checksum is accepted wherever it stands, any bit changed is refused", () => {
  const bytes = buildWithChecksum(tlv(PROXY_V2_TLV.alpn, "h2"), tlv(PROXY_V2_TLV.authority, "example.com"));
  assertEquals(parseWhole(bytes).tlvs.authority, "example.com");
  for (let bit = 16 * 8; bit < bytes.length * 8; bit++) {
    const changed = bytes.slice();
    changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    const verdict = parseProxyHeader(changed);
    // A change in the type of the checksum's field leaves a header without one.
    const typeOfChecksum = 16 + IPV4_BLOCK.length + 5;
    assertEquals(verdict.kind, bit >> 3 === typeOfChecksum ? "header" : "bad", `bit ${bit}`);
  }
});

Deno.test("parseProxyHeader v2: two checksums are refused", () => {
  const one = buildWithChecksum(new Uint8Array(), tlv(PROXY_V2_TLV.crc32c, new Uint8Array(4)));
  const { problem } = expectKind(parseProxyHeader(one), "bad");
  assert(/two checksums/.test(problem), problem);
});

Deno.test("parseProxyHeader v2: a checksum behind an unspecified family is checked too", () => {
  const block = tlv(PROXY_V2_TLV.crc32c, new Uint8Array(4));
  assertEquals(parseProxyHeader(buildProxyV2({ family: 0, block })).kind, "bad");
});

Deno.test("parseProxyHeader v2: the signature alone and each of its beginnings wait for more", () => {
  for (let length = 0; length <= PROXY_V2_SIGNATURE.length; length++) {
    assertEquals(parseProxyHeader(PROXY_V2_SIGNATURE.subarray(0, length)).kind, "need_more");
  }
});

function withTlvs(...fields: readonly Uint8Array[]): Uint8Array {
  return buildProxyV2({ block: concat(IPV4_BLOCK, ...fields) });
}

/** Parses a header with the client's data behind it, and checks that the data is not counted to it. */
function parseWhole(bytes: Uint8Array): ProxyHeader {
  const verdict = expectKind(parseProxyHeader(concat(bytes, utf8("client's data"))), "header");
  assertEquals(verdict.length, bytes.length);
  return verdict.header;
}
