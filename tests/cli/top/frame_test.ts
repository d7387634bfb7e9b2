/**
 * What `tcpproxy top` draws, as files: `tests/golden/top/NAME.txt`. `deno test -A tests/cli/top/frame_test.ts -- --update`
 * writes them; the difference is for a person to judge.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { frameOf } from "../../../lib/cli/top/screen/frame.ts";
import { lineWidth } from "../../../lib/cli/terminal/line.ts";
import { VIEW_NAMES } from "../../../lib/cli/top/state.ts";
import { TopDriver } from "./top_driver.ts";

const FOLDER = new URL("../../golden/top/", import.meta.url);

const DOWN = "\x1b[B";

/** Keys, and the name of what they lead to. */
const KEYS: readonly (readonly [name: string, ...keys: string[]])[] = [
  ["help", "?"],
  ["filtered", "2", "/", "10.0.0 up", "\r"],
  ["typing a filter", "2", "/", "10.0"],
  ["nothing matches", "/", "zzz", "\r"],
  ["details of a target", "2", DOWN, DOWN, "i"],
  ["details of a session", "3", DOWN, "i"],
  ["asked before a drain", "2", DOWN, "d"],
  ["asked before a kill", "3", "k"],
  ["targets of an app", "\r"],
  ["reversed and frozen", "2", "r", " "],
];

function compare(name: string, text: string): void {
  const file = new URL(`${name.replaceAll(" ", "_")}.txt`, FOLDER);
  if (Deno.args.includes("--update")) Deno.writeTextFileSync(file, `${text}\n`);
  assertEquals(`${text}\n`, Deno.readTextFileSync(file));
}

for (const view of VIEW_NAMES) {
  for (const [columns, rows] of [[60, 16], [80, 24], [160, 24]] as const) {
    Deno.test(`frameOf: ${view} on ${columns} columns`, () => {
      const top = TopDriver.running({ columns, rows }, view);
      compare(`${view} ${columns}`, top.text);
    });
  }
}

for (const [name, ...keys] of KEYS) {
  Deno.test(`frameOf: ${name}`, () => {
    const top = TopDriver.running();
    for (const key of keys) {
      top.type(key);
      if (key !== "3") continue;
      for (const seconds of [9, 10]) {
        top.nowMs += 1000;
        top.see({ seconds });
      }
    }
    compare(name, top.text);
  });
}

Deno.test("frameOf: tones say what is well and what is not", () => {
  compare("tones of targets", TopDriver.running({ columns: 100, rows: 20 }, "targets").toned);
});

Deno.test("frameOf: a proxy that does not answer is said so, and what was known stays", () => {
  const top = TopDriver.running({ columns: 100, rows: 16 });
  top.tell({ kind: "lost", why: "cannot connect (Connection refused)" });
  top.nowMs += 75_000;
  top.tell({ kind: "lost", why: "cannot connect (Connection refused)" });
  compare("lost", top.text);
  top.see({ seconds: 99 });
  assert(top.text.startsWith(" tcpproxy 1.2.3  ready"), top.text);
});

Deno.test("frameOf: before the first answer, and on a screen that is too small", () => {
  const top = new TopDriver();
  assert(top.text.includes("asking the proxy …"), top.text);
  const small = new TopDriver({ columns: 39, rows: 20 });
  assertEquals(small.text.trimEnd(), "too small: 40 x 8 is the least");
});

Deno.test("frameOf: on any screen, after any keys, it has as many lines as rows, none too wide, none obeyed", () => {
  const key = fc.constantFrom(
    ..."123/?hikdmpsSr +-qy",
    "\x1b",
    "\r",
    "\t",
    "\x1b[A",
    "\x1b[B",
    "\x1b[5~",
    "\x1b[F",
    "x",
  );
  const size = fc.record({
    columns: fc.integer({ min: 1, max: 200 }),
    rows: fc.integer({ min: 1, max: 50 }),
  });
  fc.assert(
    fc.property(size, fc.array(key, { maxLength: 12 }), (size, keys) => {
      const top = TopDriver.running(size);
      for (const each of keys) {
        top.type(each);
        top.see({ seconds: 9 });
        const { lines, cursor } = frameOf(top.state);
        assertEquals(lines.length, size.rows);
        for (const line of lines) {
          assert(lineWidth(line) <= size.columns, JSON.stringify(line));
          assert(!line.some(({ text }) => /[\p{Cc}\p{Cf}]/u.test(text)), JSON.stringify(line));
        }
        assert(cursor === undefined || (cursor.row < size.rows && cursor.column < size.columns));
      }
    }),
    { numRuns: 50 },
  );
});
