import { assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  isMysqlAnswer,
  isMysqlSslRequest,
  mysqlAnswer,
  mysqlGreeting,
  mysqlPacket,
  mysqlSslRequest,
  MysqlTargetGreeting,
  mysqlTlsRequired,
  mysqlTurn,
  readMysqlPacket,
} from "../../lib/protocol/mod.ts";
import { concat, utf8 } from "../helpers/bytes.ts";
import { cutAt, type Talked, talkWith } from "../helpers/protocol/talk.ts";

/** A greeting of protocol 10 with these capabilities in its low half. */
function greeting(capabilities: number): Uint8Array {
  const salt = new Uint8Array(8).fill(0x61);
  const low = Uint8Array.of(capabilities & 0xff, capabilities >>> 8);
  return concat(
    Uint8Array.of(10),
    utf8("8.0.1\0"),
    Uint8Array.of(1, 0, 0, 0),
    salt,
    Uint8Array.of(0),
    low,
    utf8("rest"),
  );
}

const SSL = 0x0800;
const ANSWER = concat(Uint8Array.of(0x00, 0x02, 0xff, 0x01), new Uint8Array(28).fill(7), utf8("user\0"));

Deno.test("readMysqlPacket: a packet is read wherever it is cut, and written the same", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(255), (payload, sequence) => {
    const bytes = mysqlPacket(sequence, payload);
    for (let end = 0; end < bytes.length; end++) {
      const verdict = readMysqlPacket(bytes.subarray(0, end));
      assertEquals(verdict, { kind: "need_more", atLeast: end < 4 ? 4 : bytes.length });
    }
    const whole = readMysqlPacket(concat(bytes, utf8("more")));
    assertEquals(whole, { kind: "packet", sequence, payload, length: bytes.length });
  }));
});

Deno.test("readMysqlPacket: what is too long for a login is none", () => {
  assertEquals(readMysqlPacket(utf8("GET / HTTP/1.1")).kind, "bad");
});

Deno.test("mysqlGreeting: offers TLS or takes the offer back, and changes nothing else", () => {
  for (const capabilities of [0xf7ff, 0xffff, 0, SSL]) {
    assertEquals(mysqlGreeting(greeting(capabilities), true), greeting(capabilities | SSL));
    assertEquals(mysqlGreeting(greeting(capabilities), false), greeting(capabilities & ~SSL));
  }
});

Deno.test("MysqlTargetGreeting: reads a greeting wherever it is cut, and says why one will not do", () => {
  const bytes = mysqlPacket(0, greeting(SSL));
  const read = (pieces: readonly Uint8Array[], tls: boolean): Talked & { readonly greeting: Uint8Array } => {
    const upgrade = new MysqlTargetGreeting({ tls });
    return { ...talkWith(upgrade, pieces), greeting: upgrade.greeting };
  };
  for (let at = 0; at <= bytes.length; at++) {
    const { end, sent, rest, greeting: read1 } = read(cutAt(bytes, at), true);
    assertEquals([end, sent, rest.length, read1], ["plain", "", 0, greeting(SSL)]);
  }
  const problem = (payload: Uint8Array, tls = false): string | undefined =>
    read([mysqlPacket(0, payload)], tls).problem;
  assertEquals(problem(greeting(0)), undefined);
  assertEquals(
    problem(greeting(0), true),
    "the target offers no TLS: give it a certificate (ssl_cert, ssl_key)",
  );
  assertEquals(
    problem(concat(Uint8Array.of(0xff, 0x69, 4), utf8("Host is blocked"))),
    'the target greets with an error ("Host is blocked")',
  );
  assertEquals(problem(utf8("\x0aabc")), "the target is no MySQL server: its greeting cannot be read");
  assertEquals(
    read([utf8("SSH-2.0-x\r\n")], false).problem,
    "the target is no MySQL server: a packet of 4739923 bytes is none of MySQL's login",
  );
});

Deno.test("a client's request for TLS is distinguished from its answer, and made of it", () => {
  const request = mysqlSslRequest(ANSWER);
  assertEquals(request, concat(Uint8Array.of(0x00, 0x0a, 0xff, 0x01), new Uint8Array(28).fill(7)));
  assertEquals([isMysqlSslRequest(request), isMysqlAnswer(request)], [true, false]);
  assertEquals([isMysqlSslRequest(ANSWER), isMysqlAnswer(ANSWER)], [false, true]);
  assertEquals(mysqlAnswer(mysqlAnswer(ANSWER, true), false), ANSWER);
});

Deno.test("mysqlTurn: a login is over with OK and ERR, and goes on by itself where the password was cached", () => {
  assertEquals(mysqlTurn(Uint8Array.of(0, 0, 0, 2, 0)), "over");
  assertEquals(mysqlTurn(Uint8Array.of(0xff, 1, 2)), "over");
  assertEquals(mysqlTurn(Uint8Array.of(1, 3)), "server");
  assertEquals(mysqlTurn(Uint8Array.of(1, 4)), "client");
  assertEquals(mysqlTurn(concat(Uint8Array.of(0xfe), utf8("client_ed25519\0"))), "client");
});

Deno.test("mysqlTlsRequired: is an error packet with the server's own code", () => {
  const packet = readMysqlPacket(mysqlTlsRequired(2));
  if (packet.kind !== "packet") throw new Error(packet.kind);
  assertEquals([packet.sequence, ...packet.payload.subarray(0, 3)], [2, 0xff, 3159 & 0xff, 3159 >>> 8]);
  assertEquals(new TextDecoder().decode(packet.payload.subarray(3, 9)), "#HY000");
});

Deno.test("MySQL: any bytes end in a verdict or need more", () => {
  fc.assert(fc.property(fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 6 }), (pieces) => {
    talkWith(new MysqlTargetGreeting({ tls: true }), pieces);
  }));
});
