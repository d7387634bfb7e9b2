import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { CheckTextError, parseCheckBytes, showBytes } from "../../lib/pool/checks/check_text.ts";
import { Expectation, MAX_ANSWER_BYTES, parseExpect } from "../../lib/pool/checks/expectation.ts";

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

Deno.test("parseCheckBytes: reads escapes, and other text as UTF-8", () => {
  assertEquals(parseCheckBytes("PING\\r\\n"), bytes("PING\r\n"));
  assertEquals(
    parseCheckBytes("\\t\\0\\x00\\xfF\\\\x41é\n"),
    Uint8Array.of(9, 0, 0, 255, ...bytes("\\x41é\n")),
  );
});

Deno.test("parseCheckBytes: reads a text as long as a config may be", () => {
  assertEquals(parseCheckBytes("x".repeat(1_000_000)).length, 1_000_000);
});

Deno.test("parseCheckBytes: refuses unknown escapes and an empty text", () => {
  for (const text of ["\\q", "\\x4", "\\xg0", "a\\", "\\😀"]) {
    assertThrows(
      () => parseCheckBytes(text),
      CheckTextError,
      "is unknown; expected \\r, \\n, \\t, \\0, \\xNN or \\\\",
    );
  }
  assertThrows(() => parseCheckBytes(""), CheckTextError, "the text is empty; expected at least one byte");
});

Deno.test("showBytes: is printable, and parses back to the same bytes", () => {
  assertEquals(showBytes(bytes('+OK "\r\n\x1b[31m\\'), 99), '"+OK \\"\\r\\n\\x1b[31m\\\\"');
  assertEquals(showBytes(bytes("abcd"), 3), '"abc…"');
  fc.assert(fc.property(fc.uint8Array({ minLength: 1 }), (given) => {
    const shown = showBytes(given, given.length);
    assertEquals(/^[ -~]*$/.test(shown), true);
    assertEquals(parseCheckBytes(shown.slice(1, -1).replaceAll('\\"', '"')), Uint8Array.from(given));
  }));
});

Deno.test("parseExpect: a text between slashes is a regular expression; one with only a leading slash is refused", () => {
  assertEquals(new Expectation({ expect: parseExpect("/^\\+P.NG/i") }).feed(bytes("+pong")), "match");
  assertEquals(new Expectation({ expect: parseExpect("/a/b/") }).feed(bytes("xa/b")), "match");
  assertEquals(new Expectation({ expect: parseExpect("\\x2fok") }).feed(bytes("/ok")), "match");
  for (const text of ["/", "//", "/ok"]) {
    assertThrows(() => parseExpect(text), CheckTextError, `write "\\x2f" for a slash`);
  }
});

Deno.test("Expectation: finds a text anywhere in the answer, however it is split", () => {
  const letters = fc.constantFrom("a", "b");
  const text = fc.string({ unit: letters, minLength: 1, maxLength: 5 });
  const answer = fc.string({ unit: letters, maxLength: 30 });
  fc.assert(fc.property(text, answer, fc.integer({ min: 1, max: 7 }), (text, answer, size) => {
    const expectation = new Expectation({ expect: parseExpect(text) });
    let verdict = "need_more";
    for (let at = 0; at < answer.length && verdict === "need_more"; at += size) {
      verdict = expectation.feed(bytes(answer.slice(at, at + size)));
    }
    if (verdict === "need_more") verdict = expectation.end();
    assertEquals(verdict, answer.includes(text) ? "match" : "no_match");
  }));
});

Deno.test("Expectation: looks at 16 KiB and no further", () => {
  const filler = new Uint8Array(MAX_ANSWER_BYTES - 2).fill(0x2e);
  const fits = new Expectation({ expect: parseExpect("ok") });
  assertEquals([fits.feed(filler), fits.feed(bytes("ok"))], ["need_more", "match"]);
  const tooLate = new Expectation({ expect: parseExpect("ok") });
  assertEquals([tooLate.feed(filler), tooLate.feed(bytes(".o"))], ["need_more", "no_match"]);
  const atOnce = new Expectation({ expect: parseExpect("ok") });
  assertEquals(atOnce.feed(Uint8Array.of(...filler, ...bytes("..ok"))), "no_match");
});

Deno.test("Expectation: describes the start of the answer", () => {
  const expectation = new Expectation({ expect: parseExpect("ok") });
  expectation.feed(bytes("-ERR "));
  expectation.feed(bytes("no\r\n"));
  assertEquals(expectation.describe(), '"-ERR no\\r\\n"');
  expectation.feed(new Uint8Array(100).fill(0x2e));
  assertEquals(expectation.describe(), `"-ERR no\\r\\n${".".repeat(71)}…"`);
});
