import { assertEquals } from "@std/assert";
import fc from "fast-check";
import type { Exchange } from "../../lib/pool/checks/exchange.ts";
import { type CheckType, protocolCheck } from "../../lib/pool/checks/protocol_check.ts";
import { latin1, play, regardlessOfCuts } from "../helpers/fakes/exchange.ts";

function begin(type: CheckType, login: { user?: string; database?: string } = {}): Exchange {
  const exchange = protocolCheck(type, login);
  if (exchange === undefined) throw new Error("unreachable");
  return exchange;
}

/** The last verdict, and what a message would say was heard. */
function outcome(type: CheckType, pieces: readonly string[], login = {}): string {
  const exchange = begin(type, login);
  const verdict = play(exchange, pieces).split("|").at(-1);
  return `${verdict}: ${exchange.heard()}`;
}

Deno.test("protocolCheck: tcp says nothing", () => {
  assertEquals(protocolCheck("tcp", {}), undefined);
});

Deno.test("protocolCheck: redis is up when it answers PING, and down at any error", () => {
  assertEquals(play(begin("redis"), ["+PO", "NG\r\n"]), "PING\r\n|match");
  for (
    const error of ["-LOADING Redis is loading", "-NOAUTH Authentication required.", "-MASTERDOWN Link down"]
  ) {
    assertEquals(outcome("redis", [`${error}\r\n`]), `no_match: "${error}\\r\\n"`);
  }
});

Deno.test("protocolCheck: smtp greets, in one line or several, and quits", () => {
  const hello = "EHLO localhost\r\n|QUIT\r\n|match";
  assertEquals(play(begin("smtp"), ["220 mail ESMTP\r\n", "250-mail\r\n250-SIZE\r\n250 OK\r\n"]), hello);
  assertEquals(play(begin("smtp"), ["220-mail\r\n220 ready\r\n", "250\r\n"]), hello);
  assertEquals(play(begin("smtp"), ["220-mail\r\n"]), "need_more");
  assertEquals(
    outcome("smtp", ["421 too many connections\r\n"]),
    'no_match: "421 too many connections\\r\\n"',
  );
  assertEquals(outcome("smtp", ["220 a\r\n", "250-a\r\n250-450 x\r\n550 no\r\n"]).split(":")[0], "no_match");
});

/** A packet of MySQL. */
function mysql(sequence: number, payload: string): string {
  return String.fromCharCode(payload.length & 0xff, payload.length >> 8, 0, sequence) + payload;
}

const GREETING = mysql(0, "\x0a10.11.6-MariaDB\0\x01\0\0\0saltsalt\0\xff\xf7!\x02\0\xff\x81\x15\0");

Deno.test("protocolCheck: mysql logs in without a password, and quits", () => {
  const login = mysql(
    1,
    `\x01\x82\x08\0\0\0\0\x01!${"\0".repeat(23)}health\0\0mysql_native_password\0`,
  );
  const quit = mysql(0, "\x01");
  const ok = mysql(2, "\0\0\0\x02\0\0\0");
  assertEquals(play(begin("mysql", { user: "health" }), [GREETING, ok]), `${login}|${quit}|match`);
});

Deno.test("protocolCheck: mysql answers password requests with none, up to a limit", () => {
  const ask = (sequence: number): string => mysql(sequence, "\xfecaching_sha2_password\0salt\0");
  const refused = mysql(4, "\xff\x15\x04#28000Access denied");
  assertEquals(
    play(begin("mysql", { user: "health" }), [GREETING, ask(2), refused]).split("|").slice(1),
    [mysql(3, ""), "no_match"],
  );
  assertEquals(outcome("mysql", [GREETING, ask(2), refused]), "match: error 1045: Access denied");
  const asks = Array.from({ length: 6 }, (_, index) => ask(2 + index));
  assertEquals(outcome("mysql", [GREETING, ...asks]).split(":")[0], "no_match");
});

Deno.test("protocolCheck: mysql is down when it is full, has blocked this host, or refuses the configured user", () => {
  const full = mysql(0, "\xff\x10\x04#08004Too many connections");
  assertEquals(outcome("mysql", [full]), "no_match: error 1040: Too many connections");
  // Before the login, some servers leave the SQLSTATE out.
  const blocked = mysql(0, "\xffi\x04Host '10.0.0.1' is blocked");
  assertEquals(outcome("mysql", [blocked]), "no_match: error 1129: Host '10.0.0.1' is blocked");
  const reserved = mysql(2, "\xff\x10\x04#08004Too many connections");
  assertEquals(outcome("mysql", [GREETING, reserved]), "no_match: error 1040: Too many connections");
  const denied = mysql(2, "\xff\x15\x04#28000Access denied");
  assertEquals(outcome("mysql", [GREETING, denied], { user: "a" }), "no_match: error 1045: Access denied");
});

/** A packet of PostgreSQL. */
function postgres(type: string, payload: string): string {
  const length = payload.length + 4;
  return `${type}\0\0${String.fromCharCode(length >> 8, length & 0xff)}${payload}`;
}

function postgresError(code: string, message: string): string {
  return postgres("E", `SFATAL\0VFATAL\0C${code}\0M${message}\0\0`);
}

const LOGGED_IN = postgres("R", "\0\0\0\0");

Deno.test("protocolCheck: postgres starts a session, and terminates when ready", () => {
  const parameters = "user\0health\0database\0app\0application_name\0tcpproxy\0\0";
  const hello = `\0\0\0${String.fromCharCode(8 + parameters.length)}\0\x03\0\0${parameters}`;
  const rest = postgres("S", "server_version\x0015\0") + postgres("K", "12345678");
  assertEquals(
    play(begin("postgres", { user: "health", database: "app" }), [LOGGED_IN, rest, postgres("Z", "I")]),
    `${hello}|X\0\0\0\x04|match`,
  );
});

Deno.test("protocolCheck: postgres is up when it asks for a password", () => {
  assertEquals(
    outcome("postgres", [postgres("R", "\0\0\0\x0aSCRAM-SHA-256\0\0")], { user: "a" }).split(":")[0],
    "match",
  );
});

Deno.test("protocolCheck: postgres is down when it starts up or is full, before or after the login", () => {
  const starting = postgresError("57P03", "the database system is starting up");
  assertEquals(outcome("postgres", [starting]), "no_match: error 57P03: the database system is starting up");
  const full = postgresError("53300", "remaining connection slots are reserved");
  assertEquals(
    outcome("postgres", [LOGGED_IN + full]),
    "no_match: error 53300: remaining connection slots are reserved",
  );
});

Deno.test("protocolCheck: postgres may refuse the login only where no user is configured", () => {
  for (const code of ["28000", "28P01", "3D000"]) {
    const refused = postgresError(code, "no");
    assertEquals(outcome("postgres", [refused]), `match: error ${code}: no`);
    assertEquals(outcome("postgres", [refused], { user: "a" }), `no_match: error ${code}: no`);
  }
});

Deno.test("protocolCheck: another protocol is not mistaken for mysql or postgres", () => {
  for (
    const text of [
      "HTTP/1.1 400 Bad Request\r\n",
      "SSH-2.0-OpenSSH_9.2\r\n",
      "-ERR\r\n",
      "could not fork\n\0",
    ]
  ) {
    for (const type of ["mysql", "postgres"] as const) {
      assertEquals(outcome(type, [text]).startsWith("no_match: "), true, `${type} ${text}`);
    }
  }
});

Deno.test("protocolCheck: no bytes make a check throw, and the split changes nothing", () => {
  const piece = fc.oneof(
    fc.constantFrom(
      GREETING,
      mysql(2, "\0\0\0"),
      mysql(2, "\xff\x15\x04#28000no"),
      mysql(2, "\xfe"),
      LOGGED_IN,
      postgres("Z", "I"),
      postgresError("57P03", "no"),
      "220 a\r\n",
      "250 b\r\n",
      "+PONG\r\n",
    ),
    fc.uint8Array({ minLength: 1, maxLength: 8 }).map((bytes) => String.fromCharCode(...bytes)),
  );
  const types = fc.constantFrom<CheckType>("redis", "smtp", "mysql", "postgres");
  fc.assert(fc.property(
    types,
    fc.array(piece, { maxLength: 6 }),
    fc.integer({ min: 1, max: 9 }),
    (type, pieces, size) => {
      const all = pieces.join("");
      const cut = all.match(new RegExp(`[^]{1,${size}}`, "g")) ?? [];
      const whole = play(begin(type), all === "" ? [] : [all]);
      assertEquals(regardlessOfCuts(play(begin(type), cut)), regardlessOfCuts(whole));
    },
  ));
});

Deno.test("protocolCheck: endless packets are not an answer", () => {
  const notice = postgres("N", "x".repeat(4000));
  assertEquals(play(begin("postgres"), Array(5).fill(notice)).split("|").at(-1), "no_match");
  assertEquals(begin("mysql").feed(latin1("\xff\xff\xff\0")).verdict, "no_match");
});
