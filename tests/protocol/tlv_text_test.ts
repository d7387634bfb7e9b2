import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { anyCodePoints } from "../helpers/any_text.ts";
import { tlvText } from "../../lib/protocol/mod.ts";
import { utf8 } from "../helpers/bytes.ts";

Deno.test("tlvText: printable UTF-8 is itself, everything else has escapes", () => {
  assertEquals(tlvText(utf8("b\u00fccher.example")), "b\u00fccher.example");
  assertEquals(tlvText(utf8("\x01vpce-1\n")), "\\x01vpce-1\\x0a");
  assertEquals(tlvText(utf8("a\\b")), "a\\\\b");
  assertEquals(tlvText(utf8("\u202eevil\u2028")), "\\xe2\\x80\\xaeevil\\xe2\\x80\\xa8");
  assertEquals(tlvText(Uint8Array.of(0xff, 0x41, 0x5c)), "\\xffA\\\\");
});

Deno.test("tlvText: never has a control, and can be read back", () => {
  const bytes = fc.oneof(
    fc.uint8Array(),
    anyCodePoints().map((text) => new TextEncoder().encode(text)),
  );
  fc.assert(fc.property(bytes, (bytes) => {
    const text = tlvText(bytes);
    assert(!/[\p{Cc}]/u.test(text));
    const read: number[] = [];
    for (const [piece] of text.matchAll(/\\x[\da-f]{2}|\\\\|[^\\]+/g)) {
      if (piece.startsWith("\\x")) read.push(parseInt(piece.slice(2), 16));
      else read.push(...utf8(piece === "\\\\" ? "\\" : piece));
    }
    assertEquals(Uint8Array.from(read), Uint8Array.from(bytes));
  }));
});
