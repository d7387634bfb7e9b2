import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { anyCodePoints } from "../../helpers/any_text.ts";
import { clip, fit, visible, widthOf } from "../../../lib/cli/terminal/cells.ts";

Deno.test("visible: shows what a terminal would obey, and leaves the rest", () => {
  for (
    const [text, shown] of [
      ["web-1 [::]:80", "web-1 [::]:80"],
      ["\x1b[31mred", "\\u001b[31mred"],
      ["a\nb\tc\r", "a\\u000ab\\u0009c\\u000d"],
      ["\u009b31m", "\\u009b31m"],
      ["a\u202eb\u2066c\u200dd", "a\\u202eb\\u2066c\\u200dd"],
      ["\ud800", "\\ud800"],
      ["x\u2028y", "x\\u2028y"],
      ["Straße 日本語 é", "Straße 日本語 é"],
      ["❤\ufe0f", "❤"],
      ["e\u0301\u0301\u0301\u0301\u0301", "e\u0301\u0301"],
    ] as const
  ) {
    assertEquals(visible(text), shown);
  }
});

Deno.test("widthOf: wide characters take two cells, marks none", () => {
  for (
    const [text, width] of [
      ["", 0],
      ["abc", 3],
      ["日本語", 6],
      ["한글", 4],
      ["ｗｉｄｅ", 8],
      ["é", 1],
      ["e\u0301", 1],
      ["🚀", 2],
      ["👩‍🚀", 2 + 6 + 2],
      ["🇩🇪", 2],
      ["█▁…", 3],
      ["\x1b", 6],
    ] as const
  ) {
    assertEquals(widthOf(text), width, JSON.stringify(text));
  }
});

Deno.test("fit: has exactly the width asked for, also where a wide character has no room", () => {
  assertEquals(fit("abc", 5), "abc  ");
  assertEquals(fit("abc", 5, "right"), "  abc");
  assertEquals(fit("abcdef", 4), "abc…");
  assertEquals(fit("日本語", 4), "日… ");
  assertEquals(fit("日本語", 5), "日本…");
  assertEquals(clip("abc", 0), "");
});

Deno.test("clip, fit: any text is as wide as asked for, and no longer obeyed", () => {
  const text = anyCodePoints({ maxLength: 40 });
  fc.assert(fc.property(text, fc.nat(60), (text, width) => {
    const fitted = fit(text, width);
    assertEquals(widthOf(fitted), width);
    assert(widthOf(clip(text, width)) <= width);
    assert(!/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u.test(fitted));
    assertEquals(visible(visible(text)), visible(text));
    assertEquals(widthOf(visible(text)), widthOf(text));
  }));
});
