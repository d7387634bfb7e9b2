import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { ImapClientUpgrade, ImapTargetUpgrade } from "../../lib/protocol/mod.ts";
import { utf8 } from "../helpers/bytes.ts";
import { cutAt, singly, type Talked, talkWith } from "../helpers/protocol/talk.ts";

function client(...pieces: readonly (string | Uint8Array)[]): Talked {
  return talkWith(
    new ImapClientUpgrade("mx.example.com"),
    pieces.map((piece) => typeof piece === "string" ? utf8(piece) : piece),
  );
}

function target(tls: boolean, ...pieces: readonly Uint8Array[]): Talked & { readonly greeting: string } {
  const upgrade = new ImapTargetUpgrade({ tls });
  const talked = talkWith(upgrade, pieces);
  return { ...talked, greeting: new TextDecoder().decode(upgrade.greeting) };
}

const CLIENT = utf8("a1 CAPABILITY\r\na2 STARTTLS\r\n");
const GREETING = "* OK [CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED] mx.example.com ready\r\n";

Deno.test("ImapClientUpgrade: greets, offers STARTTLS alone, and begins TLS, wherever it is cut", () => {
  const sent = `${GREETING}* CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED\r\na1 OK CAPABILITY completed\r\n` +
    "a2 OK Begin TLS negotiation now\r\n";
  for (let at = 0; at <= CLIENT.length; at++) {
    const talked = client(...cutAt(CLIENT, at));
    assertEquals([talked.end, talked.sent], ["tls", sent]);
  }
  assertEquals(client(...singly(CLIENT)).sent, sent);
});

Deno.test("ImapClientUpgrade: a command that comes with STARTTLS never gets into TLS", () => {
  const { end, sent, problem } = client("a STARTTLS\r\nb LOGIN x y\r\n");
  assertEquals([end, sent], ["refused", `${GREETING}* BYE Wait for TLS\r\n`]);
  assertEquals(
    problem,
    "the client sent 13 bytes of plain text behind its agreement to TLS: possible injection",
  );
});

Deno.test("ImapClientUpgrade: nobody logs in without TLS; goodbye is answered", () => {
  const { end, sent } = client("a noop\nb LOGIN x y\r\n\r\nc logout\r\n");
  assertEquals(end, "left");
  assertEquals(
    sent,
    `${GREETING}a OK NOOP completed\r\nb NO [PRIVACYREQUIRED] Begin TLS with STARTTLS first\r\n` +
      "* BAD A tag and a command, please\r\n* BYE Logging out\r\nc OK LOGOUT completed\r\n",
  );
  assertEquals(client(Uint8Array.of(0x16, 3, 1)).end, "refused");
});

Deno.test("ImapTargetUpgrade: greeting and STARTTLS; the greeting is kept without its capabilities", () => {
  const said =
    "* OK [CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED] Dovecot ready.\r\n* note\r\nstarttls OK go\r\n";
  const talked = target(true, ...singly(utf8(said)));
  assertEquals([talked.end, talked.sent, talked.greeting], [
    "tls",
    "starttls STARTTLS\r\n",
    "* OK Dovecot ready.\r\n",
  ]);
  const first = `${said.split("\n")[0]}\n`;
  const plain = target(false, utf8(first));
  assertEquals([plain.end, plain.sent, plain.greeting], ["plain", "", first]);
});

Deno.test("ImapTargetUpgrade: says why there is no TLS", () => {
  const problem = (...said: string[]): string | undefined => target(true, ...said.map(utf8)).problem;
  assertEquals(problem("* BYE full\r\n"), 'the target greets with "* BYE full", not with * OK');
  assertEquals(problem("* PREAUTH in\r\n"), 'the target greets with "* PREAUTH in", not with * OK');
  assertEquals(
    problem("* OK a\r\n", "starttls BAD unknown\r\n"),
    'the target answers STARTTLS with "starttls BAD unknown"',
  );
  assertEquals(
    problem("* OK a\r\n", "starttls OK go\r\n* OK more\r\n"),
    "the target sent 11 bytes of plain text behind its agreement to TLS: possible injection",
  );
});

Deno.test("IMAP: any bytes end in a verdict or need more", () => {
  fc.assert(fc.property(fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 6 }), (pieces) => {
    client(...pieces);
    target(true, ...pieces);
  }));
});
