import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { ByteRegex } from "../../lib/pool/checks/byte_regex.ts";
import { CheckTextError } from "../../lib/pool/checks/check_text.ts";

/** The bytes of a text, one a character. */
function latin1(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** Whether it is found in pieces that are cut at these places. */
function found(regex: ByteRegex, text: string, cuts: readonly number[] = []): boolean {
  const run = regex.begin();
  const bytes = latin1(text);
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  for (const [i, place] of places.entries()) {
    if (run.feed(bytes.subarray(places[i - 1] ?? 0, place))) return true;
  }
  return run.end();
}

function test(source: string, text: string, flags = ""): boolean {
  return found(new ByteRegex(source, flags), text);
}

/** `"too large"` and `"wrong"` where it is refused. */
function compiled(source: string, flags: string): ByteRegex | "too large" | "wrong" {
  try {
    return new ByteRegex(source, flags);
  } catch (error) {
    if (!(error instanceof CheckTextError)) throw error;
    return error.message.includes("states") ? "too large" : "wrong";
  }
}

/**
 * What JavaScript's own regular expressions say. The runtime's engine takes some expressions with a late `^` for such as
 * can match at the beginning alone (`/[^]+?a^|/.test("b")` is false), and so a look-behind stands for it.
 */
function expected(source: string, flags: string, text: string): boolean | "wrong" {
  const start = flags.includes("m") ? "(?<![^\\r\\n])" : "(?<![^])";
  try {
    return new RegExp(source.replaceAll(/(?<!\[)\^/g, start), flags).test(text);
  } catch {
    return "wrong";
  }
}

const byte = fc.constantFrom("a", "b", "A", "0", "_", " ", "\n", "\r", "-", "\xe9");
const atom = fc.constantFrom(
  ..."a b A 0 . \\d \\D \\w \\W \\s \\S \\x61 \\. \\n \\r [ab] [^a] [a-b0] [^\\w] [\\s-] - { } ]".split(" "),
);
const quantifier = fc.constantFrom("", "", "*", "+", "?", "*?", "+?", "??", "{2}", "{1,}", "{0,2}", "{0}");
const place = fc.constantFrom("^", "$", "\\b", "\\B");
const { regex: source } = fc.letrec<{ regex: string; sequence: string; part: string }>((tie) => ({
  regex: fc.array(tie("sequence"), { minLength: 1, maxLength: 3 }).map((options) => options.join("|")),
  sequence: fc.array(tie("part"), { maxLength: 4 }).map((parts) => parts.join("")),
  part: fc.oneof(
    { maxDepth: 1 },
    fc.tuple(atom, quantifier).map((parts) => parts.join("")),
    place,
    fc.tuple(fc.constantFrom("(", "(?:"), tie("regex"), quantifier)
      .map(([open, regex, quantifier]) => `${open}${regex})${quantifier}`),
  ),
}));

Deno.test("ByteRegex: matches like JavaScript's regular expressions, however the text is split", () => {
  // Short, because the runtime's own engine backtracks: a longer text with nested repetitions can take minutes.
  const texts = fc.array(byte, { maxLength: 6 }).map((bytes) => bytes.join(""));
  const flags = fc.subarray(["i", "m", "s"]).map((flags) => flags.join(""));
  const cuts = fc.array(fc.nat(), { maxLength: 3 });
  fc.assert(
    fc.property(source, flags, texts, cuts, (source, flags, text, cuts) => {
      const ours = compiled(source, flags);
      fc.pre(ours !== "too large");
      // Braces may come together to a repetition of nothing.
      const actual = ours === "wrong" ? ours : found(ours, text, cuts);
      assertEquals(actual, expected(source, flags, text), `/${source}/${flags}`);
    }),
    { numRuns: 2000 },
  );
});

Deno.test("ByteRegex: reports a match as soon as no later byte matters", () => {
  assertEquals(new ByteRegex("\\+PONG\\r\\n", "").begin().feed(latin1("+PONG\r\n")), true);
  const atTheEnd = new ByteRegex("PONG$", "").begin();
  assertEquals([atTheEnd.feed(latin1("PONG")), atTheEnd.end()], [false, true]);
  const word = new ByteRegex("up\\b", "").begin();
  assertEquals([word.feed(latin1("up")), word.feed(latin1("!"))], [false, true]);
});

Deno.test("ByteRegex: a non-ASCII character matches its UTF-8 bytes", () => {
  assertEquals(test("^caf(é)+$", "caf\xc3\xa9\xc3\xa9"), true);
  assertEquals(test("é{2}", "\xc3\xa9"), false);
  assertEquals(test("\\xff", "\xff"), true);
});

Deno.test("ByteRegex: time stays linear in the answer", () => {
  const run = new ByteRegex("^(a+)+$|(a|aa)+b|(.*)*c", "").begin();
  assertEquals(run.feed(latin1("a".repeat(16_000))), false);
  assertEquals(run.feed(latin1("!")), false);
  assertEquals(run.end(), false);
});

Deno.test("ByteRegex: refuses invalid expressions, with what is expected", () => {
  const wrong: Record<string, string> = {
    "(a": `a group is not closed; expected ")"`,
    "a)": `a ")" closes no group; write "\\)" for the character`,
    "*a": `a repetition has nothing to repeat`,
    "a**": `a repetition follows another; put the first into a group`,
    "^*": `a repetition follows a position, which cannot be repeated`,
    "a{3,2}": `the repetition "{3,2}" runs backwards; expected "{2,3}"`,
    "[a": `a class is not closed; expected "]"`,
    "[b-a]": `a range in a class is out of order; expected one such as "a-z"`,
    "[é]": `the class has "é"; expected ASCII or \\xNN, as a class stands for one byte`,
    "(?=a)": `a group begins with "(?"; expected "(" or "(?:"`,
    "(a)\\1": `the escape "\\1" is unknown; expected one such as`,
    "\\q": `the escape "\\q" is unknown; expected one such as`,
    "a\\": `it ends with "\\"; expected a character after it`,
  };
  for (const [source, message] of Object.entries(wrong)) {
    assertThrows(() => new ByteRegex(source, ""), CheckTextError, `"${source}": ${message}`);
  }
  assertThrows(() => new ByteRegex("a", "g"), CheckTextError, `are "g"`);
  assertThrows(() => new ByteRegex("a", "ii"), CheckTextError, `are "ii"`);
});

Deno.test("ByteRegex: refuses expressions that are too large, however nested", () => {
  for (
    const source of [
      "a{257}",
      "(a{30}){30}",
      "(){999999}",
      "((a{99999}){99999}){0,}",
      "b".repeat(600),
    ]
  ) {
    assertThrows(() => new ByteRegex(source, ""), CheckTextError, "more than 256 states");
  }
});

Deno.test("ByteRegex: refuses groups that are nested too deep, and too many alternatives", () => {
  const nested = (depth: number): string => `${"(".repeat(depth)}a${")".repeat(depth)}`;
  assertEquals(test(nested(100), "a"), true);
  for (const source of [nested(101), nested(100_000), "(".repeat(300_000)]) {
    assertThrows(() => new ByteRegex(source, ""), CheckTextError, "groups are nested deeper than 100");
  }
  assertEquals(test(`x(${"|".repeat(255)})y`, "xy"), true);
  const long = assertThrows(() => new ByteRegex("(".repeat(300_000), ""), CheckTextError);
  assertEquals(long.message.length < 250, true);
  // Each is followed at each byte, though an empty one takes no state.
  for (const source of ["|".repeat(256), "|".repeat(1_000_000), "(||||){100}"]) {
    assertThrows(() => new ByteRegex(source, ""), CheckTextError, "more than 256 alternatives");
  }
});

Deno.test("ByteRegex: any text compiles or gives a CheckTextError", () => {
  const text = fc.string({ unit: fc.constantFrom(..."ab(){}[]?*+|^$\\.-,1:é\u{1f600}x"), maxLength: 30 });
  fc.assert(fc.property(text, (source) => {
    try {
      new ByteRegex(source, "");
    } catch (error) {
      if (!(error instanceof CheckTextError)) throw error;
    }
  }));
});
