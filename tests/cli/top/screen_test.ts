// deno-lint-ignore-file no-control-regex -- it reads what a terminal is sent
import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { type Line, lineWidth, span } from "../../../lib/cli/terminal/line.ts";
import { ENTER, LEAVE, Screen } from "../../../lib/cli/top/screen/screen.ts";

const SIZE = { columns: 10, rows: 3 };

function lines(...texts: readonly string[]): Line[] {
  return texts.map((text) => [span(text)]);
}

Deno.test("Screen: sends what differs and nothing else, as one update", () => {
  const screen = new Screen("none");
  assertEquals(
    screen.update(lines("a", "b", "c"), SIZE),
    "\x1b[?2026h\x1b[m\x1b[H\x1b[2J\x1b[1;1Ha\x1b[K\x1b[2;1Hb\x1b[K\x1b[3;1Hc\x1b[K\x1b[?2026l",
  );
  assertEquals(screen.update(lines("a", "b", "c"), SIZE), "");
  assertEquals(screen.update(lines("a", "B", "c"), SIZE), "\x1b[?2026h\x1b[2;1HB\x1b[K\x1b[?2026l");
  assertEquals(screen.update(lines("a"), SIZE), "\x1b[?2026h\x1b[2;1H\x1b[K\x1b[3;1H\x1b[K\x1b[?2026l");
});

Deno.test("Screen: another size, or a screen that something else has drawn on, is drawn whole", () => {
  const screen = new Screen("none");
  const first = screen.update(lines("a"), SIZE);
  screen.invalidate();
  assertEquals(screen.update(lines("a"), SIZE), first);
  assertEquals(screen.update(lines("a"), { columns: 11, rows: 3 }), first);
});

Deno.test("Screen: a full line keeps its last cell, and the cursor is shown where something is typed alone", () => {
  const screen = new Screen("none");
  const full = screen.update(lines("0123456789"), { ...SIZE, cursor: { row: 2, column: 4 } });
  assertEquals(full.includes("0123456789\x1b[K"), false);
  assertEquals(full.endsWith("\x1b[3;5H\x1b[?25h\x1b[?2026l"), true);
  assertEquals(screen.update(lines("0123456789"), SIZE), "\x1b[?2026h\x1b[?25l\x1b[?2026l");
});

Deno.test("Screen: a terminal shows what it was sent, after any frames", () => {
  const text = fc.string({ unit: fc.constantFrom("a", "b", "日", " "), maxLength: 5 });
  const frame = fc.array(text, { maxLength: SIZE.rows });
  fc.assert(fc.property(fc.array(frame, { minLength: 1, maxLength: 6 }), (frames) => {
    const screen = new Screen("color");
    const terminal = new PlainTerminal();
    for (const texts of frames) {
      const wanted = lines(...texts).filter((line) => lineWidth(line) <= SIZE.columns);
      terminal.take(screen.update(wanted, SIZE));
      assertEquals(
        terminal.rows,
        Array.from({ length: SIZE.rows }, (_, row) => wanted[row]?.[0]?.text ?? ""),
      );
    }
  }));
});

Deno.test("LEAVE: undoes every mode that ENTER sets", () => {
  const modes = (text: string, end: string): string[] =>
    [...text.matchAll(/\x1b\[\?(\d+)([hl])/g)].filter(([, , set]) => set === end).map(([, mode = ""]) => mode)
      .sort();
  assertEquals(modes(LEAVE, "l").filter((mode) => mode !== "2026"), modes(ENTER, "h"));
  assertEquals(modes(LEAVE, "h"), modes(ENTER, "l"));
});

/** A terminal that knows what the screen uses: placing the cursor, erasing, text. */
class PlainTerminal {
  rows: string[] = [];
  #row = 0;

  take(text: string): void {
    for (const [, sequence, final, plain] of text.matchAll(/\x1b\[([?\d;]*)([A-Za-z])|([^\x1b]+)/g)) {
      if (plain !== undefined) this.rows[this.#row] = (this.rows[this.#row] ?? "") + plain;
      else if (final === "J") this.rows = Array.from({ length: SIZE.rows }, () => "");
      else if (final === "H") {
        this.#row = Number(sequence?.split(";")[0] || 1) - 1;
        this.#isNew = true;
      }
      if (plain !== undefined && this.#isNew) {
        this.rows[this.#row] = plain;
        this.#isNew = false;
      } else if (final === "K" && this.#isNew) {
        this.rows[this.#row] = "";
        this.#isNew = false;
      }
    }
  }
  #isNew = false;
}
