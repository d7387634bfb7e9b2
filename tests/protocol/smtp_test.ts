import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { SmtpClientUpgrade, SmtpTargetUpgrade } from "../../lib/protocol/mod.ts";
import { utf8 } from "../helpers/bytes.ts";
import { cutAt, singly, type Talked, talkWith } from "../helpers/protocol/talk.ts";

function client(...pieces: readonly (string | Uint8Array)[]): Talked {
  return talkWith(
    new SmtpClientUpgrade("mx.example.com"),
    pieces.map((piece) => typeof piece === "string" ? utf8(piece) : piece),
  );
}

function target(tls: boolean, ...pieces: readonly Uint8Array[]): Talked & { readonly greeting: string } {
  const upgrade = new SmtpTargetUpgrade({ tls, hostName: "proxy.example.com" });
  const talked = talkWith(upgrade, pieces);
  return { ...talked, greeting: new TextDecoder().decode(upgrade.greeting) };
}

const CLIENT = utf8("EHLO me\r\nSTARTTLS\r\n");
const SENT =
  "220 mx.example.com ESMTP\r\n250-mx.example.com\r\n250 STARTTLS\r\n220 2.0.0 Ready to start TLS\r\n";

Deno.test("SmtpClientUpgrade: greets, offers STARTTLS alone, and begins TLS, wherever it is cut", () => {
  for (let at = 0; at <= CLIENT.length; at++) {
    const { end, sent } = client(...cutAt(CLIENT, at));
    assertEquals([end, sent], ["tls", SENT]);
  }
  assertEquals(client(...singly(CLIENT)).sent, SENT);
});

Deno.test("SmtpClientUpgrade: a command that comes with STARTTLS never gets into TLS", () => {
  const { end, sent, problem } = client("EHLO me\r\n", "STARTTLS\r\nMAIL FROM:<a@b>\r\n");
  assertEquals(end, "refused");
  assertEquals(sent.endsWith("554 5.5.1 Wait for TLS\r\n"), true);
  assertEquals(
    problem,
    "the client sent 17 bytes of plain text behind its agreement to TLS: possible injection",
  );
});

Deno.test("SmtpClientUpgrade: other commands are answered, mail is not taken without TLS", () => {
  const { end, sent } = client(
    "helo x\nnoop\r\nRSET\r\nMAIL FROM:<a@b>\r\nAUTH PLAIN x\r\nSTARTTLS now\r\nQUIT\r\n",
  );
  assertEquals(end, "left");
  assertEquals(sent.split("\r\n").map((line) => line.slice(0, 3)), [
    "220",
    "250",
    "250",
    "250",
    "530",
    "530",
    "501",
    "221",
    "",
  ]);
});

Deno.test("SmtpClientUpgrade: TLS without STARTTLS, endless lines and endless commands are refused", () => {
  assertEquals(client(Uint8Array.of(0x16, 3, 1)).end, "refused");
  assertEquals(client("x".repeat(3000)).problem, "the client sent a line of more than 2048 bytes");
  assertEquals(client("NOOP\r\n".repeat(1000)).end, "endless");
});

Deno.test("SmtpTargetUpgrade: greeting, EHLO and STARTTLS, wherever they are cut", () => {
  const said = [
    "220-mail.test hi\r\n220 there\r\n",
    "250-mail.test\r\n250-SIZE 1\r\n250 STARTTLS\r\n",
    "220 go\r\n",
  ];
  const talked = target(true, ...said.map(utf8));
  assertEquals([talked.end, talked.sent], ["tls", "EHLO proxy.example.com\r\nSTARTTLS\r\n"]);
  assertEquals(talked.greeting, said[0]);
  assertEquals(target(true, ...singly(utf8(said.join("")))), talked);
  assertEquals(target(false, utf8(said[0] ?? "")), { ...talked, end: "plain", sent: "" });
});

Deno.test("SmtpTargetUpgrade: says why there is no TLS", () => {
  const problem = (...said: string[]): string | undefined => target(true, ...said.map(utf8)).problem;
  assertEquals(problem("554 no\r\n"), 'the target greets with "554 no", not with 220');
  assertEquals(problem("HTTP/1.1 400 Bad\r\n"), 'the target greets with "HTTP/1.1 400 Bad", not with 220');
  assertEquals(problem("220 a\r\n", "502 what\r\n"), 'the target answers EHLO with "502 what"');
  assertEquals(problem("220 a\r\n", "250 a\r\n"), "the target offers no STARTTLS: turn TLS on there");
  assertEquals(
    problem("220 a\r\n", "250 STARTTLS\r\n", "454 later\r\n"),
    'the target answers STARTTLS with "454 later"',
  );
  assertEquals(
    problem("220 a\r\n", "250 STARTTLS\r\n", "220 go\r\n250 injected\r\n"),
    "the target sent 14 bytes of plain text behind its agreement to TLS: possible injection",
  );
  assertEquals(problem("x".repeat(3000)), "the target sent a line of more than 2048 bytes");
});

Deno.test("SMTP: any bytes end in a verdict or need more", () => {
  fc.assert(fc.property(fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 6 }), (pieces) => {
    client(...pieces);
    target(true, ...pieces);
  }));
});
