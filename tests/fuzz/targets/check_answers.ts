import type { Exchange } from "../../../lib/pool/checks/exchange.ts";
import { parseExpect } from "../../../lib/pool/checks/expectation.ts";
import { type CheckType, protocolCheck } from "../../../lib/pool/checks/protocol_check.ts";
import { type Step, Steps } from "../../../lib/pool/checks/steps.ts";
import { concat, utf8 } from "../../helpers/bytes.ts";
import { Draw, seedFor } from "../engine/draw.ts";
import { type FuzzTarget, hex, holds, pureTarget, same } from "../engine/fuzz_target.ts";
import { inPieces } from "../engine/pieces.ts";

const PROTOCOLS: readonly CheckType[] = ["redis", "smtp", "mysql", "postgres"];

/** Steps as an operator writes them. */
const OWN_STEPS: readonly Step[] = [
  { expect: parseExpect("/^220[ -]/m"), expectNot: parseExpect("/^[45]\\d\\d/m") },
  { send: utf8("x\r\n"), expectNot: parseExpect("ERR") },
  { send: utf8("y\r\n"), expect: parseExpect("/ok\\b$/i") },
];

/** The first byte of an input says which check it answers. */
export const CHECK_ANSWERS: FuzzTarget = pureTarget({
  name: "check_answers",
  what: "answers to checks of Redis, SMTP, MySQL, PostgreSQL and of steps",
  dictionary: [
    "+PONG\r\n",
    "-ERR x\r\n",
    "220 ",
    "220-",
    "250-",
    "250 ok\r\n",
    "421 ",
    "\r\n",
    "R\0\0\0\x08\0\0\0\0",
    "Z\0\0\0\x05I",
    "E\0\0\0",
    "SFATAL\0C28000\0M",
    Uint8Array.of(0xff, 0x10, 4),
    "#28000",
    Uint8Array.of(1, 0, 0, 2, 0),
  ],
  make,
  check,
});

function make(draw: Draw): Uint8Array {
  const which = draw.below(PROTOCOLS.length + 1);
  const answers = [
    () => lines(draw, ["+PONG", "-LOADING x", "-NOAUTH", "+PON", ":1"]),
    () => lines(draw, ["220 a", "220-a", "250-b", "250 c", "421 d", "5xx", "220"]),
    () => mysql(draw),
    () => postgres(draw),
    () => lines(draw, ["220 a", "ERR", "ok", "okay", "450 x", "OK"]),
  ];
  return concat(Uint8Array.of(which), answers[which]?.() ?? utf8(""));
}

function lines(draw: Draw, texts: readonly string[]): Uint8Array {
  return utf8(
    draw.list(6, () => draw.pick(texts) + (draw.once(8) ? draw.pick(["\n", "\r", ""]) : "\r\n")).join(""),
  );
}

function mysql(draw: Draw): Uint8Array {
  const payloads = [
    () =>
      concat(
        Uint8Array.of(10),
        utf8("8.0\0"),
        draw.bytesOf(4),
        draw.bytesOf(8),
        Uint8Array.of(0),
        draw.bytes(30),
      ),
    () => Uint8Array.of(0, 0, 0, 2, 0),
    () =>
      concat(
        Uint8Array.of(0xff, draw.below(256), draw.below(256)),
        utf8(draw.pick(["#28000no", "#08004Too many", "x", ""])),
      ),
    () => concat(Uint8Array.of(0xfe), utf8("mysql_native_password\0")),
    () => Uint8Array.of(1, draw.below(6)),
    () => draw.bytes(20),
  ];
  return concat(...draw.list(4, () => {
    const payload = draw.pick(payloads)();
    const length = draw.once(15) ? draw.edge(24) : payload.length;
    return concat(Uint8Array.of(length & 255, length >> 8 & 255, length >> 16, draw.below(5)), payload);
  }));
}

function postgres(draw: Draw): Uint8Array {
  return concat(...draw.list(5, () => {
    const body = draw.pick([
      draw.bytes(12),
      Uint8Array.of(0, 0, 0, draw.below(12)),
      utf8("SFATAL\0C28P01\0Mno\0\0"),
      utf8("C3D000\0"),
      utf8("C53300\0Mtoo many\0\0"),
    ]);
    const length = draw.once(15) ? draw.edge(16) : body.length + 4;
    return concat(
      utf8(draw.pick([..."RESKZNvX"])),
      Uint8Array.of(0, 0, length >> 8 & 255, length & 255),
      body,
    );
  }));
}

function check(input: Uint8Array): void {
  const which = (input[0] ?? 0) % (PROTOCOLS.length + 1);
  const answer = input.subarray(1);
  const draw = new Draw(seedFor(input));
  const login = draw.once(2) ? {} : { user: "health", database: "postgres" };
  const begin = (): Exchange => {
    const type = PROTOCOLS[which];
    const exchange = type === undefined ? new Steps(OWN_STEPS) : protocolCheck(type, login);
    if (exchange === undefined) throw new Error("this check has no conversation");
    return exchange;
  };
  same(talk(begin(), inPieces(answer, draw)), talk(begin(), [answer]), "the same however it is cut");
}

/** The verdict and, unless the target is refused, everything that was sent. */
function talk(exchange: Exchange, pieces: readonly Uint8Array[]): string {
  const first = exchange.begin();
  const sent = [first.send ?? utf8("")];
  let verdict: string = first.verdict;
  for (const piece of pieces) {
    if (piece.length === 0 || verdict !== "need_more") continue;
    const turn = exchange.feed(piece);
    if (turn.send !== undefined) sent.push(turn.send);
    verdict = turn.verdict;
  }
  const heard = exchange.heard() ?? "";
  holds(!/undefined|NaN/.test(heard.replace(/"[^]*"|: [^]*/, "")), () => `it heard ${heard}`);
  const bytes = concat(...sent);
  holds(bytes.length < 2000, () => `it sent ${bytes.length} bytes`);
  // A refused target may get less: its connection is closed.
  return verdict === "no_match"
    ? verdict
    : `${verdict === "need_more" ? exchange.end() : verdict}, sent ${hex(bytes)}`;
}
