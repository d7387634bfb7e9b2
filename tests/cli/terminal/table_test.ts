import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { lineWidth, paintLine, plainLine, span, spread } from "../../../lib/cli/terminal/line.ts";
import { sparkline } from "../../../lib/cli/terminal/sparkline.ts";
import { type Column, layOut, tableLines } from "../../../lib/cli/terminal/table.ts";

const COLUMNS: readonly Column[] = [
  { title: "NAME", isElastic: true, least: 6 },
  { title: "N", align: "right" },
  { title: "STATE", rank: 1 },
  { title: "WHY", isElastic: true, rank: 2, least: 8 },
];
const ROWS = [
  [{ text: "a-long-name" }, { text: "12" }, { text: "up" }, { text: "because it is so" }],
  [{ text: "b" }, { text: "3" }, { text: "down" }, { text: "" }],
];

function table(width: number): string {
  return tableLines(COLUMNS, ROWS, { width, indent: "" }).map(plainLine).join("\n");
}

Deno.test("table: has all columns where there is room, no wider than they need", () => {
  assertEquals(
    table(80),
    `NAME          N  STATE  WHY
a-long-name  12  up     because it is so
b             3  down`,
  );
});

Deno.test("table: elastic columns give way first, then columns go by rank", () => {
  assertEquals(
    table(34),
    "NAME          N  STATE  WHY\na-long-name  12  up     because i…\nb             3  down",
  );
  assertEquals(table(20), "NAME        N  STATE\na-long-n…  12  up\nb           3  down");
  assertEquals(table(12), "NAME       N\na-long-…  12\nb          3");
});

Deno.test("table: no line is wider than asked for, while what must stay has room", () => {
  fc.assert(fc.property(fc.integer({ min: 10, max: 90 }), fc.boolean(), (width, fills) => {
    for (const line of tableLines(COLUMNS, ROWS, { width, indent: "", fills })) {
      assert(lineWidth(line) <= width);
    }
    const { columns } = layOut(COLUMNS, ROWS, { width, indent: "", fills });
    assert(columns.some(({ index }) => index === 0) && columns.some(({ index }) => index === 1));
  }));
});

Deno.test("spread: the right part goes where both have no room", () => {
  assertEquals(plainLine(spread([span("left")], [span("right")], 14)), "left     right");
  assertEquals(plainLine(spread([span("left")], [span("right")], 10)), "left");
});

Deno.test("paintLine: colours, weight alone, or nothing", () => {
  const line = [span("a", "bad"), span(" b\x1b")];
  assertEquals(paintLine(line, "color"), "\x1b[1;31ma\x1b[m b\\u001b");
  assertEquals(paintLine(line, "mono"), "\x1b[1ma\x1b[m b\\u001b");
  assertEquals(paintLine(line, "none"), "a b\\u001b");
});

Deno.test("sparkline: the newest at the right, nothing is a space, a little is a bar", () => {
  assertEquals(sparkline([0, 1, 50, 100], 6), "   ▁▄█");
  assertEquals(sparkline([1, 2, 3, 4, 5], 2), "▇█");
  assertEquals(sparkline([], 3), "   ");
  assertEquals(sparkline([0, 0], 3), "   ");
  assertEquals(sparkline([NaN, 5], 2), " █");
});
