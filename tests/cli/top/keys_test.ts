import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { type Key, KeyReader } from "../../../lib/cli/top/input/keys.ts";
import { utf8 } from "../../helpers/bytes.ts";

/** The keys of what a terminal sends, in short. */
function keysOf(...parts: readonly string[]): string[] {
  const reader = new KeyReader();
  return [...parts.flatMap((part) => reader.read(utf8(part))), ...reader.flush()].map(short);
}

function short(key: Key): string {
  return key.kind === "key" ? `<${key.name}>` : key.kind === "paste" ? `paste:${key.text}` : key.text;
}

Deno.test("KeyReader: letters, controls and the keys that write nothing", () => {
  assertEquals(keysOf("aß日"), ["a", "ß", "日"]);
  assertEquals(keysOf("\r\t\x7f\x03\x0c\x15"), [
    "<enter>",
    "<tab>",
    "<backspace>",
    "<interrupt>",
    "<redraw>",
    "<erase>",
  ]);
  assertEquals(keysOf("\x1b[A\x1b[B\x1bOC\x1bOD\x1b[5~\x1b[6~\x1b[H\x1b[4~\x1bOP\x1bOM\x1b[Z\x1b[21~"), [
    "<up>",
    "<down>",
    "<right>",
    "<left>",
    "<page_up>",
    "<page_down>",
    "<home>",
    "<end>",
    "<help>",
    "<enter>",
    "<back_tab>",
    "<quit>",
  ]);
  assertEquals(keysOf("\x1b[1;5A\x1b[5;2~"), ["<up>", "<page_up>"]);
});

Deno.test("KeyReader: Escape is a key when nothing follows, and when something else does", () => {
  assertEquals(keysOf("\x1b"), ["<escape>"]);
  assertEquals(keysOf("\x1bq"), ["<escape>", "q"]);
  assertEquals(keysOf("\x1b\x1b[A"), ["<escape>", "<up>"]);
  assertEquals(keysOf("\x1b["), ["<escape>", "["]);
});

Deno.test("KeyReader: what it does not know is dropped, and no letter of it is a key", () => {
  assertEquals(keysOf("\x1b[?62;22c\x1b[99~\x1b[<0;1;1Mk\x01"), ["k"]);
});

Deno.test("KeyReader: a paste is one, whatever it has within", () => {
  assertEquals(keysOf("\x1b[200~kill\r\x1b[A y\x1b[201~q"), ["paste:kill\r\x1b[A y", "q"]);
  const reader = new KeyReader();
  reader.read(utf8("\x1b[200~unfinished"));
  assertEquals(reader.flush(), []);
});

Deno.test("KeyReader: however it is divided, the keys are the same", () => {
  const sent = "aß\x1b[A\x1b[5~q\x1b[200~日k\x1b[201~\x1bOP\r";
  const whole = keysOf(sent);
  const bytes = utf8(sent);
  fc.assert(fc.property(fc.array(fc.nat(bytes.length), { maxLength: 8 }), (cuts) => {
    const reader = new KeyReader();
    const places = [0, ...cuts.sort((a, b) => a - b), bytes.length];
    const keys = places.slice(1).flatMap((end, at) => reader.read(bytes.subarray(places[at], end)));
    assertEquals(keys.map(short), whole);
  }));
});

Deno.test("KeyReader: any bytes give keys, and no more than there are characters", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
    const reader = new KeyReader();
    const keys = [...reader.read(bytes), ...reader.flush()];
    assertEquals(keys.length <= bytes.length, true);
  }));
});
