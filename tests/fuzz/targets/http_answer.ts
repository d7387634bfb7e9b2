import { HttpAnswer, parseStatus, type StatusRange } from "../../../lib/pool/checks/http_check.ts";
import { MAX_ANSWER_BYTES } from "../../../lib/pool/checks/expectation.ts";
import { latin1, utf8 } from "../../helpers/bytes.ts";
import { Draw, seedFor } from "../engine/draw.ts";
import { type FuzzTarget, holds, pureTarget, same } from "../engine/fuzz_target.ts";
import { inPieces } from "../engine/pieces.ts";

const STATUSES = ["200", "2xx", "200-399", "100-599", "101", "503"];

const STATUS_LINE = /^HTTP\/1\.\d[ \t]+(\d{3})(?:[ \t][\t\r -~\x80-\xff]*)?\r?$/i;

export const HTTP_ANSWER: FuzzTarget = pureTarget({
  name: "http_answer",
  what: "answers to HTTP checks",
  dictionary: [
    "HTTP/1.1 ",
    "HTTP/1.0 200 OK\r\n",
    "100 Continue",
    "101 Switching",
    "\r\n",
    "\n",
    "\r",
    "\t",
    " 200 ",
    " 503 ",
    "http/1.1",
    "HTTP/2 200",
    "SSH-2.0-x\r\n",
    "\r\n\r\n",
  ],
  make,
  check,
});

function make(draw: Draw): Uint8Array {
  const end = (): string => draw.once(8) ? draw.pick(["\n", "\r", "", "\r\r\n"]) : "\r\n";
  const line = (status: string): string =>
    `${draw.pick(["HTTP/1.1", "HTTP/1.0", "http/1.1", "HTTP/1.9", "HTTP/2"])}${
      draw.pick([" ", " ", "\t", "   ", ""])
    }${status}${draw.pick(["", " ", " OK", " \xe9", " a\rb", " a\0"])}${end()}`;
  const fields = (): string =>
    draw.list(2, () => `x: ${"y".repeat(draw.below(draw.once(30) ? 9000 : 9))}${end()}`).join("");
  const interim = draw.list(2, () => line(draw.pick(["100", "103", "199"])) + fields() + end()).join("");
  const empty = draw.once(6) ? end() : "";
  const status = draw.pick(["200", "204", "302", "404", "503", "101", "099", "600", "20", "2000"]);
  return utf8(`${empty}${interim}${line(status)}${fields()}${end()}body`);
}

function check(input: Uint8Array): void {
  const draw = new Draw(seedFor(input));
  const status = draw.pick(STATUSES);
  const expected = parseStatus(status);
  const whole = judged([input], status);
  same(judged(inPieces(input, draw), status), whole, "the same however it is cut");
  const code = statusOf(latin1(input.subarray(0, MAX_ANSWER_BYTES)), expected);
  const isGood = code !== undefined && code >= expected.first && code <= expected.last;
  same(whole, isGood ? "match" : whole.replace(/^match$/, "no_match"), "is good by the grammar");
}

/** The status that decides: the first that is expected or final. */
function statusOf(text: string, { first, last }: StatusRange): number | undefined {
  const lines = text.split("\n").slice(0, -1);
  for (let at = 0; at < lines.length; at++) {
    if (lines[at] === "" || lines[at] === "\r") continue;
    const code = Number(STATUS_LINE.exec(lines[at] ?? "")?.[1]);
    const isFinal = !(code >= 100 && code < 200) || code === 101;
    if (isFinal || (code >= first && code <= last)) return code;
    while (at < lines.length && lines[at] !== "" && lines[at] !== "\r") at++;
  }
  return undefined;
}

function judged(pieces: readonly Uint8Array[], status: string): string {
  const answer = new HttpAnswer(parseStatus(status));
  for (const piece of pieces) {
    if (piece.length === 0) continue;
    const verdict = answer.feed(piece);
    if (verdict === "need_more") continue;
    holds(answer.describe().length < 600, () => "it is described at length");
    return verdict;
  }
  return `${answer.end()} at the end`;
}
