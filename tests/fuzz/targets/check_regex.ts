import { ByteRegex, type PatternRun } from "../../../lib/pool/checks/byte_regex.ts";
import { CheckTextError } from "../../../lib/pool/checks/check_text.ts";
import { concat, latin1, latin1Bytes } from "../../helpers/bytes.ts";
import { Draw, seedFor } from "../engine/draw.ts";
import { type FuzzTarget, holds, pureTarget, same } from "../engine/fuzz_target.ts";
import { inPieces } from "../engine/pieces.ts";

const ATOMS =
  "a b A 0 . \\d \\D \\w \\W \\s \\S \\x61 \\. \\n \\r \\t \\0 [ab] [^a] [a-b0] [^\\w] [\\s-] [] [^] - { } ] , é"
    .split(" ");
const QUANTIFIERS = [
  "",
  "",
  "",
  "*",
  "+",
  "?",
  "*?",
  "+?",
  "??",
  "{2}",
  "{1,}",
  "{0,2}",
  "{0}",
  "{3,1}",
  "{300}",
];
const PLACES = ["^", "$", "\\b", "\\B"];

/** Short, because the runtime's own engine backtracks: a longer text with nested repetitions can take minutes. */
const MAX_TEXT = 6;

/** The input is a byte of flags, the text that is searched after its length, and the expression. */
export const CHECK_REGEX: FuzzTarget = pureTarget({
  name: "check_regex",
  what: "the regular expressions of checks, beside the runtime's",
  dictionary: [
    ...ATOMS,
    ...QUANTIFIERS,
    ...PLACES,
    "(",
    ")",
    "(?:",
    "|",
    "(?=",
    "\\1",
    "\\u0061",
    "[",
    "]",
    "^*",
    "\\",
  ],
  make,
  check,
});

function make(draw: Draw): Uint8Array {
  const text = draw.list(
    MAX_TEXT,
    () => draw.pick(["a", "b", "A", "0", "_", " ", "\n", "\r", "-", "\xe9", "\xc3"]),
  ).join("");
  const source = expression(draw, draw.below(4));
  return concat(
    Uint8Array.of(draw.below(8), text.length),
    latin1Bytes(text),
    new TextEncoder().encode(source),
  );
}

function expression(draw: Draw, depth: number): string {
  const options = [sequence(draw, depth), ...draw.once(3) ? [sequence(draw, depth)] : []];
  return options.join("|");
}

function sequence(draw: Draw, depth: number): string {
  return draw.list(4, () => {
    if (draw.once(6)) return draw.pick(PLACES);
    const isGroup = depth > 0 && draw.once(3);
    const atom = isGroup ? `${draw.pick(["(", "(?:"])}${expression(draw, depth - 1)})` : draw.pick(ATOMS);
    return atom + draw.pick(QUANTIFIERS);
  }).join("");
}

function check(input: Uint8Array): void {
  const [bits = 0, length = 0] = input;
  const flags = ["i", "m", "s"].filter((_, at) => (bits >> at & 1) === 1).join("");
  const text = input.subarray(2, 2 + Math.min(length, MAX_TEXT));
  const source = new TextDecoder().decode(input.subarray(2 + text.length));
  const regex = compiled(source, flags);
  if (regex === undefined) return;
  const pieces = inPieces(text, new Draw(seedFor(input)));
  const found = finds(regex.begin(), pieces);
  same(finds(regex.begin(), [text]), found, "finds the same however the text is cut");
  const runtime = runtimeFinds(source, flags, latin1(text));
  if (runtime !== undefined) same(found, runtime, `/${source}/${flags} finds as the runtime's own`);
}

function compiled(source: string, flags: string): ByteRegex | undefined {
  try {
    return new ByteRegex(source, flags);
  } catch (error) {
    if (!(error instanceof CheckTextError)) throw error;
    holds(error.message.length > 10, () => `it says "${error.message}"`);
    return undefined;
  }
}

function finds(run: PatternRun, pieces: readonly Uint8Array[]): boolean {
  for (const piece of pieces) if (run.feed(piece)) return true;
  return run.end();
}

/**
 * What the runtime's expressions say; `undefined` where they mean something else: a character that is no ASCII stands for
 * its bytes here, and `\s` and case are ASCII's. The runtime takes some expressions with a late `^` for such as match
 * at the beginning alone (`/[^]+?a^|/.test("b")` is false), so a look-behind stands for it.
 */
function runtimeFinds(source: string, flags: string, text: string): boolean | undefined {
  if (
    !/^[ -~]*$/.test(source) || /[\xa0\x80-\x9f]/.test(text) ||
    (flags.includes("i") && /[^\0-\x7f]/.test(text))
  ) return undefined;
  // An escape before it makes it a character, and in a class it is one or negates.
  if (/\\.*\^|\[[^\]]*.\^/.test(source)) return undefined;
  const start = flags.includes("m") ? "(?<![^\\r\\n])" : "(?<![^])";
  try {
    return new RegExp(source.replaceAll(/(?<!\[)\^/g, start), flags).test(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    // Then it must not be an expression here either.
    return source.includes("^") ? undefined : false;
  }
}
