import {
  ImapClientUpgrade,
  ImapTargetUpgrade,
  MysqlTargetGreeting,
  PostgresClientUpgrade,
  PostgresSaslRewrite,
  PostgresTargetUpgrade,
  SmtpClientUpgrade,
  SmtpTargetUpgrade,
  type Upgrade,
} from "../../../lib/protocol/mod.ts";
import { concat, utf8 } from "../../helpers/bytes.ts";
import { type Talked, talkWith } from "../../helpers/protocol/talk.ts";
import { Draw, seedFor } from "../engine/draw.ts";
import { type FuzzTarget, hex, holds, pureTarget, same } from "../engine/fuzz_target.ts";
import { inPieces } from "../engine/pieces.ts";

/** Every state machine that speaks before TLS. */
const UPGRADES: readonly (() => Upgrade)[] = [
  () => new SmtpClientUpgrade("mx.test"),
  () => new SmtpTargetUpgrade({ tls: true, hostName: "mx.test" }),
  () => new SmtpTargetUpgrade({ tls: false, hostName: "mx.test" }),
  () => new ImapClientUpgrade("imap.test"),
  () => new ImapTargetUpgrade({ tls: true }),
  () => new ImapTargetUpgrade({ tls: false }),
  () => new PostgresClientUpgrade({ tls: "offer", plain: false }),
  () => new PostgresClientUpgrade({ tls: "offer", plain: true }),
  () => new PostgresClientUpgrade({ tls: "decline", plain: true }),
  () => new PostgresTargetUpgrade(),
  () => new MysqlTargetGreeting({ tls: true }),
  () => new MysqlTargetGreeting({ tls: false }),
];

const SSL_REQUEST = Uint8Array.of(0, 0, 0, 8, 4, 210, 22, 47);
const GSS_REQUEST = Uint8Array.of(0, 0, 0, 8, 4, 210, 22, 48);
const STARTUP = concat(Uint8Array.of(0, 0, 0, 17, 0, 3, 0, 0), utf8("user\0me\0\0"));

const WORDS: readonly (string | Uint8Array)[] = [
  "EHLO me\r\n",
  "STARTTLS\r\n",
  "QUIT\r\n",
  "NOOP\r\n",
  "a1 STARTTLS\r\n",
  "a2 CAPABILITY\r\n",
  "a3 LOGOUT\r\n",
  "220 hi\r\n",
  "220-hi\r\n",
  "250-x\r\n",
  "250 STARTTLS\r\n",
  "250-STARTTLS\r\n",
  "* OK [CAPABILITY IMAP4rev1 STARTTLS] hi\r\n",
  "* BYE\r\n",
  "* CAPABILITY x\r\n",
  "starttls OK go\r\n",
  "starttls NO\r\n",
  "S",
  "N",
  SSL_REQUEST,
  GSS_REQUEST,
  STARTUP,
  Uint8Array.of(0, 0, 0, 16, 4, 210, 22, 46, 0, 0, 0, 1, 0, 0, 0, 2),
  "E\0\0\0\x10SFATAL\0Mno\0\0",
  Uint8Array.of(0x16, 3, 1),
  "\r\n",
  "\n",
  "\0",
  mysqlGreeting(0x0a00),
  mysqlGreeting(0x0200),
  "R\0\0\0\x2a\0\0\0\x0aSCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0",
  "R\0\0\0\x08\0\0\0\0",
];

/** The first byte of an input says whom it talks to. */
export const STARTTLS: FuzzTarget = pureTarget({
  name: "starttls",
  what: "talks before TLS in SMTP, IMAP, PostgreSQL and MySQL, either side",
  dictionary: WORDS,
  make: (draw) => {
    const words = draw.list(8, () => {
      const word = draw.pick(WORDS);
      return typeof word === "string" ? utf8(word) : word;
    });
    const long = draw.once(40) ? [utf8("x".repeat(draw.between(1900, 9000)))] : [];
    return concat(Uint8Array.of(draw.below(UPGRADES.length + 1)), ...words, ...long);
  },
  check,
});

function mysqlGreeting(capabilities: number): Uint8Array {
  const payload = concat(
    Uint8Array.of(10),
    utf8("8.4\0"),
    new Uint8Array(13),
    Uint8Array.of(capabilities & 255, capabilities >> 8),
    new Uint8Array(9),
  );
  return concat(Uint8Array.of(payload.length, 0, 0, 0), payload);
}

function check(input: Uint8Array): void {
  const draw = new Draw(seedFor(input));
  const said = input.subarray(1);
  const begin = UPGRADES[(input[0] ?? 0) % (UPGRADES.length + 1)];
  const pieces = inPieces(said, draw);
  if (begin === undefined) return checkRewrite(said, pieces);
  const whole = talkWith(begin(), [said]);
  const cut = talkWith(begin(), pieces);
  for (const talked of [whole, cut]) checkTalked(talked, said);
  // Bytes behind the agreement are seen only if they come with it; later they are TLS, or end the connection there.
  if (isInjection(whole)) {
    holds(isInjection(cut) || cut.end === "tls", () => `an injection in pieces ends as ${cut.end}`);
    return;
  }
  const hasLongLine = [whole, cut].some(({ problem }) => problem?.includes("line of more than"));
  if (hasLongLine) return;
  same(shown(cut), shown(whole), "the same however it is cut");
}

/** What is left is read on only where the talk has come to its end. */
function shown({ end, sent, rest }: Talked): readonly string[] {
  return [end, sent, end === "tls" || end === "plain" ? hex(rest) : ""];
}

function isInjection({ end, problem }: Talked): boolean {
  return end === "refused" && problem?.includes("injection") === true;
}

function checkTalked({ sent, problem, end, rest }: Talked, said: Uint8Array): void {
  holds(sent.length < 20_000, () => `it sent ${sent.length} bytes`);
  holds(rest.length <= said.length, () => "more is left than was said");
  holds(
    (end === "refused") === (problem !== undefined && problem !== ""),
    () => `it ends as ${end} with ${problem}`,
  );
  // A problem goes into the log as one line.
  holds((problem ?? "").length < 2200, () => `a problem of ${problem?.length} characters`);
}

function checkRewrite(said: Uint8Array, pieces: readonly Uint8Array[]): void {
  const passed = (parts: readonly Uint8Array[]): string => {
    const rewrite = new PostgresSaslRewrite();
    const out = parts.map((part) => {
      const bytes = rewrite.feed(part).slice();
      return bytes;
    });
    return hex(concat(...out, rewrite.end()));
  };
  const whole = passed([said]);
  same(passed(pieces), whole, "the same however it is cut");
  if (!hex(said).includes(hex(utf8("-PLUS")))) {
    same(whole, hex(said), "what has nothing to take out passes unchanged");
  }
}
