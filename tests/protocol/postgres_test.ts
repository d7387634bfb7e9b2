import { assertEquals, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import { PostgresClientUpgrade, PostgresSaslRewrite, PostgresTargetUpgrade } from "../../lib/protocol/mod.ts";
import { concat, utf8 } from "../helpers/bytes.ts";
import { cutAt, singly, type Talked, talkWith } from "../helpers/protocol/talk.ts";

/** A first message: its length, a code, and what follows. */
function first(code: number, more: Uint8Array = new Uint8Array()): Uint8Array {
  const bytes = concat(new Uint8Array(8), more);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, bytes.length);
  view.setUint32(4, code);
  return bytes;
}

const SSL = first(80877103);
const GSS = first(80877104);
const CANCEL = first(80877102, new Uint8Array(8));
const STARTUP = first(0x30000, utf8("user\0postgres\0\0"));
const HELLO = Uint8Array.of(0x16, 3, 1, 0, 5);

function offer(pieces: readonly Uint8Array[], plain = false): Talked {
  return talkWith(new PostgresClientUpgrade({ tls: "offer", plain }), pieces);
}

function decline(pieces: readonly Uint8Array[]): Talked {
  return talkWith(new PostgresClientUpgrade({ tls: "decline", plain: false }), pieces);
}

Deno.test("PostgresClientUpgrade: SSLRequest is answered S, wherever it is cut", () => {
  for (let at = 0; at <= SSL.length; at++) {
    const { end, sent, rest } = offer([...cutAt(SSL, at), HELLO]);
    assertEquals([end, sent, rest], ["tls", "S", HELLO]);
  }
});

Deno.test("PostgresClientUpgrade: GSSENCRequest is answered N, and TLS may follow", () => {
  const { end, sent } = offer(singly(concat(GSS, SSL)));
  assertEquals([end, sent], ["tls", "NS"]);
});

Deno.test("PostgresClientUpgrade: TLS may begin with the first byte", () => {
  const { end, sent, rest } = offer([HELLO]);
  assertEquals([end, sent, rest], ["tls", "", HELLO]);
  assertEquals(decline([HELLO]).end, "refused");
});

Deno.test("PostgresClientUpgrade: bytes that come with SSLRequest never get into TLS", () => {
  const { end, sent, problem } = offer([concat(SSL, STARTUP)]);
  assertEquals([end, sent], ["refused", ""]);
  assertEquals(
    problem,
    `the client sent ${STARTUP.length} bytes of plain text behind its agreement to TLS: possible injection`,
  );
});

Deno.test("PostgresClientUpgrade: a session without TLS is refused in the protocol, or goes on where it may", () => {
  const refused = offer([STARTUP]);
  assertEquals(refused.end, "refused");
  const text = "SFATAL\0VFATAL\0C28000\0MTLS is required: connect with sslmode=require\0\0";
  assertEquals(refused.sent, `E\0\0\0${String.fromCharCode(4 + text.length)}${text}`);
  assertEquals(offer(singly(STARTUP), true), {
    end: "plain",
    sent: "",
    problem: undefined,
    rest: STARTUP,
  });
});

Deno.test("PostgresClientUpgrade: a cancel request goes on in plain text, as older clients send it", () => {
  const { end, rest } = offer([CANCEL]);
  assertEquals([end, rest], ["plain", CANCEL]);
});

Deno.test("PostgresClientUpgrade: without TLS for clients both requests are declined, and the session goes on", () => {
  const { end, sent, rest } = decline(singly(concat(GSS, SSL, STARTUP)));
  assertEquals([end, sent, rest], ["plain", "NN", STARTUP]);
});

Deno.test("PostgresClientUpgrade: what is asked twice, or is no PostgreSQL, is refused", () => {
  assertStringIncludes(offer(singly(concat(GSS, GSS))).problem ?? "", "GSSENCRequest twice");
  assertStringIncludes(decline(singly(concat(SSL, SSL))).problem ?? "", "SSLRequest twice");
  assertEquals(
    offer([utf8("GET / HTTP/1.1\r\n")]).problem,
    "the client speaks no PostgreSQL: its first bytes are 47 45 54 20 2f 20 48 54",
  );
  assertEquals(offer([utf8("G")]).end, "refused");
  assertEquals(
    offer([first(80877103, new Uint8Array(4))]).problem,
    "the client's SSLRequest has 12 bytes, not 8",
  );
  assertEquals(offer([first(0x10000)]).end, "refused");
});

Deno.test("PostgresClientUpgrade: any bytes end in a verdict or need more, however they are cut", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 40 }), fc.boolean(), (bytes, isPlain) => {
    const whole = offer([bytes], isPlain);
    const single = offer(singly(bytes), isPlain);
    // Bytes behind SSLRequest are injected ones only when they come with it.
    if (!(whole.problem ?? "").includes("injection")) {
      assertEquals([single.end, single.sent], [whole.end, whole.sent]);
    }
  }));
});

Deno.test("PostgresTargetUpgrade: S begins TLS, N and an error say why not", () => {
  const ask = (...pieces: Uint8Array[]): Talked => talkWith(new PostgresTargetUpgrade(), pieces);
  const agreed = ask(utf8("S"));
  assertEquals([agreed.end, agreed.sent], ["tls", new TextDecoder("latin1").decode(SSL)]);
  assertStringIncludes(ask(utf8("N")).problem ?? "", "declines TLS");
  assertStringIncludes(ask(utf8("SSH-2.0")).problem ?? "", "possible injection");
  assertStringIncludes(ask(utf8("220 ")).problem ?? "", "no PostgreSQL server");
  const fields = utf8("SFATAL\0C53300\0Msorry, too many clients already\0\0");
  const error = concat(utf8("E"), first(0x53464154, fields.subarray(4)).subarray(0, 4), fields);
  new DataView(error.buffer).setUint32(1, error.length - 1);
  for (let at = 0; at <= error.length; at++) {
    assertEquals(
      ask(...cutAt(error, at)).problem,
      'the target answers SSLRequest with an error ("sorry, too many clients already")',
    );
  }
  assertEquals(ask().end, "need_more");
});

/** AuthenticationSASL with these mechanisms. */
function sasl(...mechanisms: string[]): Uint8Array {
  const names = utf8(`${mechanisms.join("\0")}\0\0`);
  const bytes = concat(Uint8Array.of(0x52, 0, 0, 0, 0, 0, 0, 0, 10), names);
  new DataView(bytes.buffer).setUint32(1, bytes.length - 1);
  return bytes;
}

function rewritten(pieces: readonly Uint8Array[]): Uint8Array {
  const rewrite = new PostgresSaslRewrite();
  return concat(
    ...pieces.map((piece) => rewrite.feed(piece)),
    rewrite.done ? new Uint8Array() : rewrite.end(),
  );
}

Deno.test("PostgresSaslRewrite: takes out the mechanism that needs the client's TLS, wherever it is cut", () => {
  const version = Uint8Array.of(0x76, 0, 0, 0, 12, 0, 3, 0, 0, 0, 0, 0, 0);
  const whole = concat(version, sasl("SCRAM-SHA-256-PLUS", "SCRAM-SHA-256"), utf8("more"));
  const wanted = concat(version, sasl("SCRAM-SHA-256"), utf8("more"));
  for (let at = 0; at <= whole.length; at++) assertEquals(rewritten(cutAt(whole, at)), wanted);
  assertEquals(rewritten(singly(whole)), wanted);
});

Deno.test("PostgresSaslRewrite: leaves everything else as it is", () => {
  const cut = sasl("SCRAM-SHA-256-PLUS", "SCRAM-SHA-256").subarray(0, 20);
  assertEquals(rewritten([cut]), cut);
  const only = sasl("SCRAM-SHA-256-PLUS");
  assertEquals(rewritten([only]), only);
  const ok = Uint8Array.of(0x52, 0, 0, 0, 8, 0, 0, 0, 0);
  assertEquals(rewritten([concat(ok, sasl("SCRAM-SHA-256-PLUS", "SCRAM-SHA-256"))]).length, 9 + 43);
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ minLength: 1, maxLength: 30 }), { maxLength: 8 }), (pieces) => {
      const whole = concat(utf8("E"), ...pieces);
      assertEquals(rewritten([utf8("E"), ...pieces]), whole);
    }),
  );
});
