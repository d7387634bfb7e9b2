import { ClientHelloParser, parseClientHello } from "../../../lib/protocol/mod.ts";
import { concat, latin1Bytes, utf8 } from "../../helpers/bytes.ts";
import {
  buildHelloMessage,
  buildRecords,
  extension,
  record,
  serverName,
  serverNameEntry,
  uint16,
  vector16,
  vector8,
} from "../../helpers/tls/client_hello.ts";
import { Draw, seedFor } from "../engine/draw.ts";
import { type FuzzTarget, holds, pureTarget, same } from "../engine/fuzz_target.ts";
import { checkGrowing } from "../models/growing.ts";

const NAMES = [
  "a.example.com",
  "A.Example.COM",
  "localhost",
  "a.example.com.",
  "a..b",
  ".",
  "",
  "192.0.2.1",
  "[::1]",
  "::1",
  "xn--bcher-kva.example",
  "a_b",
  "*.example.com",
  "a\0b",
  "a b",
  "é.example",
  `${"a".repeat(63)}.example`,
  `${"a.".repeat(127)}a`,
];

const LEGACY: Readonly<Record<string, number>> = {
  "SSLv3": 0x300,
  "TLSv1.0": 0x301,
  "TLSv1.1": 0x302,
  "TLSv1.2": 0x303,
};

export const CLIENT_HELLO: FuzzTarget = pureTarget({
  name: "client_hello",
  what: "the ClientHello in its records",
  dictionary: [
    Uint8Array.of(22, 3, 1),
    Uint8Array.of(22, 3, 3, 0, 1),
    Uint8Array.of(1, 0, 0),
    serverName("b.example.net"),
    extension(16, vector16(concat(vector8(utf8("h2")), vector8(utf8("http/1.1"))))),
    extension(43, vector8(concat(uint16(0x0304), uint16(0x0303)))),
    Uint8Array.of(0, 0),
    "example.com",
  ],
  make,
  check,
});

function make(draw: Draw): Uint8Array {
  const extensions = draw.list(4, () => anyExtension(draw));
  const message = buildHelloMessage({
    legacyVersion: draw.pick([0x303, 0x303, 0x301, 0x300, 0x304, 0x200]),
    sessionId: draw.bytesOf(draw.pick([0, 32, 32, 33, 255])),
    cipherSuites: draw.bytesOf(draw.pick([2, 4, 30, 0, 3])),
    compressions: draw.bytesOf(draw.pick([1, 1, 1, 0, 3])),
    ...(draw.once(10) ? { extensions: undefined } : { extensions }),
    ...(draw.once(20) ? { trailing: draw.bytes(3) } : {}),
  });
  if (draw.once(15)) message[draw.below(4)] = draw.edge(8);
  const sizes = draw.once(2)
    ? [message.length]
    : draw.list(5, () => draw.between(1, 60)).concat(draw.pick([1, 30, 200]));
  const records = buildRecords(message, { sizes, minors: [draw.pick([0, 1, 3, 4, 5])] });
  const before = draw.once(30) ? record(draw.pick([20, 21, 23, 22]), draw.bytes(2)) : new Uint8Array();
  return concat(before, records, draw.bytes(4));
}

function anyExtension(draw: Draw): Uint8Array {
  switch (draw.below(6)) {
    case 0:
    case 1:
      return serverName(draw.once(4) ? draw.bytes(20) : utf8(draw.pick(NAMES)));
    case 2:
      return extension(
        0,
        vector16(concat(...draw.list(3, () => serverNameEntry(draw.edge(8), draw.pick(NAMES))))),
      );
    case 3:
      return extension(16, vector16(concat(...draw.list(4, () => vector8(draw.bytes(9))))));
    case 4:
      return extension(
        43,
        vector8(
          concat(...draw.list(4, () => uint16(draw.pick([0x304, 0x303, 0x302, 0x7f1c, 0x0a0a, 0x305])))),
        ),
      );
    default:
      return extension(draw.edge(16), draw.bytes(draw.once(20) ? 700 : 20));
  }
}

function check(input: Uint8Array): void {
  const draw = new Draw(seedFor(input));
  const verdict = parseClientHello(input);
  checkGrowing(input, verdict, parseClientHello, draw);
  // The parser that remembers sees the bytes grow.
  const parser = new ClientHelloParser();
  for (let end = 0; end < input.length; end += 1 + draw.below(1 + input.length / 4)) {
    parser.parse(input.subarray(0, end));
  }
  same(parser.parse(input), verdict, "the same bit by bit");
  if (verdict.kind !== "hello") return;

  const { sni, alpn, tlsVersion } = verdict;
  holds(
    sni === undefined ||
      /^(?!.*\.\.)[!-~]{1,253}$/.test(sni) && sni === sni.toLowerCase() && !/^\.|\.$/.test(sni),
    () => `the name is ${sni}`,
  );
  holds(
    alpn.every((protocol) => protocol.length > 0 && protocol.length < 256),
    () => `the protocols are ${alpn}`,
  );
  const isNew = tlsVersion === "TLSv1.3";
  const extensions = [
    ...sni === undefined ? [] : [serverName(sni)],
    ...alpn.length === 0
      ? []
      : [extension(16, vector16(concat(...alpn.map((protocol) => vector8(latin1Bytes(protocol))))))],
    ...isNew ? [extension(43, vector8(uint16(0x304)))] : [],
  ];
  const legacyVersion = LEGACY[tlsVersion ?? ""] ?? 0x303;
  const again = parseClientHello(buildRecords(buildHelloMessage({ extensions, legacyVersion })));
  if (tlsVersion !== undefined) same(again, verdict, "a hello made of what was read is the same");
}
