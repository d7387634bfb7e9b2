import { assert, assertEquals } from "@std/assert";
import {
  ClientHelloParser,
  MAX_CLIENT_HELLO_BYTES,
  MAX_CLIENT_HELLO_WIRE_BYTES,
  parseClientHello,
} from "../../lib/protocol/mod.ts";
import { concat, utf8 } from "../helpers/bytes.ts";
import {
  alpn,
  buildHello,
  buildHelloMessage,
  buildMessage,
  buildRecords,
  extension,
  record,
  serverName,
  serverNameEntry,
  supportedVersions,
  vector16,
} from "../helpers/tls/client_hello.ts";
import { expectKind } from "../helpers/protocol/verdict.ts";

Deno.test("parseClientHello: name, protocols and version of a TLS 1.3 hello", () => {
  const bytes = buildHello({
    extensions: [serverName("example.com"), alpn("h2", "http/1.1"), supportedVersions(0x0304, 0x0303)],
  });
  assertEquals(parseClientHello(bytes), {
    kind: "hello",
    sni: "example.com",
    alpn: ["h2", "http/1.1"],
    tlsVersion: "TLSv1.3",
  });
});

Deno.test("parseClientHello: a hello without extensions, with or without their length, has no name", () => {
  for (const extensions of [[], undefined]) {
    const hello = parseClientHello(buildHello({ extensions, legacyVersion: 0x0301 }));
    assertEquals(hello, { kind: "hello", sni: undefined, alpn: [], tlsVersion: "TLSv1.0" });
  }
});

const NAMES: readonly (readonly [name: string, sent: string, sni: string | undefined])[] = [
  ["upper case is lowered", "WWW.Example.COM", "www.example.com"],
  ["a closing dot is dropped", "example.com.", "example.com"],
  ["a single label", "localhost", "localhost"],
  ["an A-label", "xn--bcher-kva.example", "xn--bcher-kva.example"],
  ["an underscore is left to the target", "_dmarc.example.com", "_dmarc.example.com"],
  ["the longest name", `${"a.".repeat(126)}b`, `${"a.".repeat(126)}b`],
  ["an IPv4 address is no name", "192.0.2.1", undefined],
  ["an IPv6 address is no name", "2001:db8::1", undefined],
  ["an IPv6 address in brackets is no name", "[::1]", undefined],
];

for (const [name, sent, sni] of NAMES) {
  Deno.test(`parseClientHello: server name: ${name}`, () => {
    assertEquals(
      expectKind(parseClientHello(buildHello({ extensions: [serverName(sent)] })), "hello").sni,
      sni,
    );
  });
}

Deno.test("parseClientHello: a name of another type is passed over", () => {
  const list = concat(serverNameEntry(7, "other"), serverNameEntry(0, "example.com"));
  const hello = parseClientHello(buildHello({ extensions: [extension(0, vector16(list))] }));
  assertEquals(expectKind(hello, "hello").sni, "example.com");
});

Deno.test("parseClientHello: GREASE in every place is passed over", () => {
  const bytes = buildHello({
    cipherSuites: Uint8Array.of(0x0a, 0x0a, 0x13, 0x01),
    extensions: [
      extension(0x1a1a, new Uint8Array()),
      supportedVersions(0x7a7a, 0x0304, 0x0303),
      alpn("\n\n", "h2"),
      serverName("example.com"),
      extension(0xfafa, Uint8Array.of(0)),
    ],
  });
  assertEquals(parseClientHello(bytes), {
    kind: "hello",
    sni: "example.com",
    alpn: ["\n\n", "h2"],
    tlsVersion: "TLSv1.3",
  });
});

Deno.test("parseClientHello: with an encrypted hello inside, the outer name is the name", () => {
  const bytes = buildHello({
    extensions: [extension(0xfe0d, new Uint8Array(300)), serverName("public.example")],
  });
  assertEquals(expectKind(parseClientHello(bytes), "hello").sni, "public.example");
});

const VERSIONS: readonly (readonly [
  name: string,
  legacyVersion: number,
  offered: readonly number[],
  version: string | undefined,
])[] = [
  ["the list counts, not its order", 0x0303, [0x0302, 0x0304, 0x0303], "TLSv1.3"],
  ["the list counts, even below the field", 0x0303, [0x0302], "TLSv1.1"],
  ["drafts and what is to come are unknown", 0x0303, [0x7f1c, 0x0305], undefined],
  ["without a list the field counts", 0x0302, [], "TLSv1.1"],
  ["without a list no field means TLS 1.3", 0x0304, [], "TLSv1.2"],
  ["SSL 3.0 in records of TLS", 0x0300, [], "SSLv3"],
];

for (const [name, legacyVersion, offered, version] of VERSIONS) {
  Deno.test(`parseClientHello: version: ${name}`, () => {
    const extensions = offered.length === 0 ? [] : [supportedVersions(...offered)];
    const hello = expectKind(parseClientHello(buildHello({ legacyVersion, extensions })), "hello");
    assertEquals(hello.tlsVersion, version);
  });
}

const NOT_TLS: readonly (readonly [name: string, bytes: Uint8Array, knownAfter: number])[] = [
  ["HTTP", utf8("GET / HTTP/1.1\r\n"), 1],
  ["SSH", utf8("SSH-2.0-OpenSSH_9.2\r\n"), 1],
  ["a hello of SSL 2.0", Uint8Array.of(0x80, 0x2e, 0x01, 0x03, 0x01), 1],
  ["an alert", Uint8Array.of(21, 3, 1, 0, 2, 1, 0), 1],
  ["DTLS", Uint8Array.of(22, 0xfe, 0xfd), 2],
  ["the start request of PostgreSQL", Uint8Array.of(0, 0, 0, 8, 4, 210, 22, 47), 1],
  ["a version that never was", Uint8Array.of(22, 3, 5), 3],
];

for (const [name, bytes, knownAfter] of NOT_TLS) {
  Deno.test(`parseClientHello: ${name} is no TLS, known at the earliest byte`, () => {
    assertEquals(parseClientHello(bytes), { kind: "not_tls" });
    assertEquals(parseClientHello(bytes.subarray(0, knownAfter)).kind, "not_tls");
    assertEquals(parseClientHello(bytes.subarray(0, knownAfter - 1)).kind, "need_more");
  });
}

const hello = buildHelloMessage({ extensions: [serverName("example.com"), alpn("h2")] });

const BAD: readonly (readonly [name: string, bytes: Uint8Array, problem: RegExp])[] = [
  ["a record of no bytes", record(22, new Uint8Array()), /announces 0 bytes/],
  ["a record above 2^14 bytes", Uint8Array.of(22, 3, 1, 0x40, 0x01), /announces 16385 bytes/],
  ["a ServerHello", buildRecords(buildMessage(2, new Uint8Array(40))), /type 2/],
  [
    "an alert between two pieces",
    concat(record(22, hello.subarray(0, 20)), record(21, Uint8Array.of(1, 0))),
    /record of type 21/,
  ],
  [
    "a record of a version that never was",
    concat(record(22, hello.subarray(0, 20)), record(22, hello.subarray(20), 5)),
    /version 3\.5/,
  ],
  [
    "another protocol between two pieces",
    concat(record(22, hello.subarray(0, 20)), Uint8Array.of(22, 9)),
    /version begins with 9/,
  ],
  ["a message of no bytes", buildRecords(buildMessage(1, new Uint8Array())), /ends within a field/],
  [
    "a message that ends in its random",
    buildRecords(buildMessage(1, new Uint8Array(20))),
    /ends within a field/,
  ],
  [
    "a session id of 33 bytes",
    buildHello({ sessionId: new Uint8Array(33) }),
    /33 bytes, expected at most 32/,
  ],
  ["no cipher suites", buildHello({ cipherSuites: new Uint8Array() }), /cipher suites have 0 bytes/],
  ["half a cipher suite", buildHello({ cipherSuites: new Uint8Array(3) }), /cipher suites have 3 bytes/],
  ["no compression", buildHello({ compressions: new Uint8Array() }), /no compression methods/],
  ["bytes after the extensions", buildHello({ trailing: new Uint8Array(2) }), /2 bytes after its extensions/],
  [
    "half a length of extensions",
    buildHello({ extensions: undefined, trailing: new Uint8Array(1) }),
    /within a field/,
  ],
  [
    "an extension cut short",
    buildHello({ extensions: [Uint8Array.of(0, 16, 0, 9, 0)] }),
    /extension 16 runs past/,
  ],
  ["half an extension's type", buildHello({ extensions: [Uint8Array.of(0)] }), /runs past/],
  [
    "two server name extensions",
    withExtensions(serverName("a.example"), serverName("b.example")),
    /two server name/,
  ],
  ["two ALPN extensions", withExtensions(alpn("h2"), alpn("h2")), /two ALPN/],
  [
    "two version lists",
    withExtensions(supportedVersions(0x0304), supportedVersions(0x0304)),
    /two supported/,
  ],
  ["two names", withNames(serverNameEntry(0, "a"), serverNameEntry(0, "b")), /two server names/],
  ["an empty list of names", withNames(), /not a list of names/],
  [
    "bytes after the list of names",
    withExtensions(extension(0, Uint8Array.of(0, 4, 0, 0, 1, 97, 9))),
    /not a list/,
  ],
  ["a name that runs past its list", withNames(Uint8Array.of(0, 0, 9, 97)), /runs past the end of its list/],
  ["an empty name", withNames(serverNameEntry(0, "")), /empty label/],
  ["a name of one dot", withNames(serverNameEntry(0, ".")), /empty label/],
  ["a name with an empty label", withNames(serverNameEntry(0, "a..example")), /empty label/],
  ["a name with a NUL", withNames(serverNameEntry(0, "a.example\0.b.example")), /0x00/],
  ["a name with a line break", withNames(serverNameEntry(0, "a.example\n")), /0x0a/],
  ["a name with a space", withNames(serverNameEntry(0, "a example")), /0x20/],
  ["a name in UTF-8", withNames(serverNameEntry(0, "b\u00fccher.example")), /0xc3/],
  ["a name with a DEL", withNames(serverNameEntry(0, "a.example\x7f")), /0x7f/],
  [
    "a name of 254 bytes",
    withNames(serverNameEntry(0, `${"a.".repeat(126)}bc`)),
    /254 bytes, expected at most 253/,
  ],
  [
    "a name of 255 bytes",
    withNames(serverNameEntry(0, `${"a.".repeat(127)}b`)),
    /255 bytes, expected at most 253/,
  ],
  [
    "an empty list of protocols",
    withExtensions(extension(16, Uint8Array.of(0, 0))),
    /ALPN extension is not a list/,
  ],
  ["an empty protocol", withExtensions(alpn("h2", "")), /ALPN extension is not a list/],
  [
    "a protocol cut short",
    withExtensions(extension(16, Uint8Array.of(0, 2, 5, 97))),
    /ALPN extension is not a list/,
  ],
  ["an empty list of versions", withExtensions(supportedVersions()), /versions extension is not a list/],
  ["half a version", withExtensions(extension(43, Uint8Array.of(1, 3))), /versions extension is not a list/],
];

for (const [name, bytes, problem] of BAD) {
  Deno.test(`parseClientHello: refuses ${name}`, () => {
    const verdict = expectKind(parseClientHello(bytes), "bad");
    assert(problem.test(verdict.problem), verdict.problem);
  });
}

Deno.test("parseClientHello: what follows the hello is not looked at, in its record or after", () => {
  const whole = parseClientHello(buildRecords(hello));
  assertEquals(whole.kind, "hello");
  assertEquals(parseClientHello(record(22, concat(hello, utf8("more")))), whole);
  assertEquals(parseClientHello(concat(buildRecords(hello), utf8("more"))), whole);
});

Deno.test("parseClientHello: records of one byte, of all versions from 3.0 to 3.4 in turn", () => {
  const bytes = buildRecords(hello, { sizes: [1], minors: [4, 0, 1, 2, 3] });
  assertEquals(parseClientHello(bytes), parseClientHello(buildRecords(hello)));
  assertEquals(parseClientHello(bytes.subarray(0, -1)).kind, "need_more");
});

Deno.test("parseClientHello: a hello at the limit is read, from one record and from many", () => {
  const base = buildHelloMessage({
    extensions: [serverName("example.com"), extension(21, new Uint8Array())],
  });
  const padding = extension(21, new Uint8Array(MAX_CLIENT_HELLO_BYTES - base.length));
  const message = buildHelloMessage({ extensions: [serverName("example.com"), padding] });
  assertEquals(message.length, MAX_CLIENT_HELLO_BYTES);
  for (const sizes of [[MAX_CLIENT_HELLO_BYTES], [1, 2, 3, 4, 5, 1000], [6]]) {
    const hello = parseClientHello(buildRecords(message, { sizes }));
    assertEquals(expectKind(hello, "hello").sni, "example.com");
  }
});

Deno.test("parseClientHello: a hello above the limit is too long as soon as its length is there", () => {
  const message = buildMessage(1, new Uint8Array(MAX_CLIENT_HELLO_BYTES - 3));
  const bytes = buildRecords(message.subarray(0, 1000));
  assertEquals(parseClientHello(bytes.subarray(0, 9)), { kind: "too_long" });
  assertEquals(parseClientHello(bytes.subarray(0, 8)).kind, "need_more");
});

Deno.test("parseClientHello: a hello in too many small records is too long, however it comes", () => {
  const message = buildHelloMessage({ extensions: [extension(21, new Uint8Array(6000))] });
  const bytes = buildRecords(message, { sizes: [1] });
  assertEquals(parseClientHello(bytes), { kind: "too_long" });
  assertEquals(parseClientHello(bytes.subarray(0, MAX_CLIENT_HELLO_WIRE_BYTES)), { kind: "too_long" });
  assertEquals(parseClientHello(bytes.subarray(0, MAX_CLIENT_HELLO_WIRE_BYTES - 1)).kind, "need_more");
});

Deno.test("ClientHelloParser: the verdict stays once it is given", () => {
  const parser = new ClientHelloParser();
  const bytes = buildRecords(hello);
  const verdict = parser.parse(bytes);
  assertEquals(verdict.kind, "hello");
  assertEquals(parser.parse(concat(bytes, new Uint8Array(100))), verdict);
});

Deno.test("ClientHelloParser: records that it has been through are not checked again", () => {
  const bytes = buildRecords(hello, { sizes: [10] });
  const parser = new ClientHelloParser();
  const recordBytes = 15;
  for (let end = 0; end < bytes.length; end++) {
    assertEquals(parser.parse(bytes.subarray(0, end)).kind, "need_more");
    // Who began anew would take the connection for another protocol's.
    if (end > 0 && end % recordBytes === 0) bytes[end - recordBytes] = 0;
  }
  assertEquals(parseClientHello(bytes).kind, "not_tls");
  assertEquals(parser.parse(bytes).kind, "hello");
});

Deno.test("parseClientHello: a post-quantum hello of Go 1.26, recorded, larger than one segment", async () => {
  const file = new URL("../golden/client_hello/go_1.26_post_quantum.hex", import.meta.url);
  const digits = (await Deno.readTextFile(file)).replace(/\s/g, "");
  const bytes = Uint8Array.from(digits.match(/../g) ?? [], (pair) => parseInt(pair, 16));
  assertEquals(bytes.length, 1524);
  const parser = new ClientHelloParser();
  for (const end of [1, 536, 1460]) assertEquals(parser.parse(bytes.subarray(0, end)).kind, "need_more");
  assertEquals(parser.parse(bytes), {
    kind: "hello",
    sni: "pq.example.com",
    alpn: ["h2", "http/1.1"],
    tlsVersion: "TLSv1.3",
  });
});

function withExtensions(...extensions: readonly Uint8Array[]): Uint8Array {
  return buildHello({ extensions });
}

function withNames(...entries: readonly Uint8Array[]): Uint8Array {
  return withExtensions(extension(0, vector16(concat(...entries))));
}
