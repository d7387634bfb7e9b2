import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { parseConfig } from "../../../lib/config/mod.ts";
import { configErrorOf } from "../../helpers/config/config_error.ts";

/** As much text as is looked at. */
const SIZE = 1024 * 1024;

function fill(piece: string, size: number): string {
  return piece.repeat(Math.floor(size / piece.length));
}

async function messageOf(text: string): Promise<string> {
  const error = await configErrorOf(() => parseConfig(text, { file: "c" }));
  assert(error.message.length < 50_000, "the report is longer than anybody reads");
  return error.message.split("\n")[0] ?? "";
}

const BRACKETS = "the text is nested deeper than 32 levels; expected fewer";

Deno.test("parseConfig: nesting in every style is refused", async () => {
  assert((await messageOf("[".repeat(100_000))).includes(BRACKETS));
  assert((await messageOf("[".repeat(100_000) + "]".repeat(100_000))).includes(BRACKETS));
  assert((await messageOf("apps:\n  - name: " + "{a: ".repeat(100_000))).includes(BRACKETS));
  assert((await messageOf("- ".repeat(100_000))).includes(BRACKETS));
  assert((await messageOf("? ".repeat(100_000))).includes(BRACKETS));
  const steps = Array.from({ length: 500 }, (_, depth) => `${" ".repeat(depth)}a:\n`).join("");
  assertEquals(
    await messageOf(steps),
    "c:4:4: a.a.a: the value is nested deeper than 32 levels; expected fewer",
  );
});

Deno.test("parseConfig: aliases count each time that they are used", async () => {
  const levels = Array.from({ length: 30 }, (_, i) => `a${i + 1}: &a${i + 1} [${fill(`*a${i},`, 45)}]`);
  const bomb = ["a0: &a0 [x]", ...levels].join("\n");
  assert((await messageOf(bomb)).includes("more than 100000 values"));
});

Deno.test("parseConfig: merge keys count what they bring", async () => {
  const keys = Array.from({ length: 2_000 }, (_, i) => `k${i}: 1`).join(", ");
  assert((await messageOf(`a: &a { ${keys} }\nb:\n${fill("- <<: *a\n", 9_000)}`)).includes("100000 values"));
});

Deno.test("parseConfig: aliases in a key do not make it grow", async () => {
  const text = `a: &a ${"x".repeat(SIZE / 2)}\n? [${fill("*a,", 3_000)}]\n: 1\n`;
  assertEquals(await messageOf(text), "c:2:3: the key is a list or a mapping; expected a text");
});

Deno.test("parseConfig: more text, values or entries than a config has", async () => {
  assert((await messageOf("#".repeat(SIZE + 1))).includes("expected at most 1048576"));
  assert((await messageOf(`apps: [${fill("1,", 30_000)}]`)).includes("the list has 15000 entries"));
  const lines = Array.from({ length: 100_001 }, (_, i) => `${i}:`).join("\n");
  assert((await messageOf(lines)).includes("more than 100000 values"));
});

Deno.test("parseConfig: ranges are counted before they are expanded", async () => {
  const text = `apps: [{ name: a, targets: ["h:1"], ports: [${fill(`"1-65535",`, 90_000)}] }]`;
  assert((await messageOf(text)).includes("the config has 131070 listeners up to here"));
});

Deno.test("parseConfig: a thousand apps on the same five thousand ports are compared by port", async () => {
  const apps = Array.from(
    { length: 19 },
    (_, i) => `  - { name: a${i}, ports: ["1-5000"], targets: ["h:1"] }\n`,
  );
  const spread = Array.from({ length: 981 }, (_, i) => {
    return `  - { name: b${i}, host: 127.1.${i >> 8}.${i & 255}, ports: [5001], targets: ["h:1"] }\n`;
  });
  const error = await configErrorOf(() =>
    parseConfig(`apps:\n${[...apps, ...spread].join("")}`, { file: "c" })
  );
  assertEquals(error.problems.length, 18, "one for each app that comes too late");
  assert(
    error.problems.every(({ message }) => message.includes(`"[::]:1" (and 4999 more) is taken by apps[0]`)),
  );
});

Deno.test("parseConfig: a great many problems are counted, and the first ones shown", async () => {
  const text = `apps: [{ name: a, ports: [1], targets: [${fill("h,", 10_000)}] }]`;
  const error = await configErrorOf(() => parseConfig(text, { file: "c" }));
  assertEquals(error.problems.length, 1_000);
  assertEquals(error.message.split("\n").at(-1), "c: and 4950 more problems");
});

Deno.test("parseConfig: no text throws anything else than ConfigError", async () => {
  const pieces = fc.constantFrom(
    ..."[]{},:-?&*!|>'\"%@`#\n\t \\<~0".split(""),
    ...[
      "apps:",
      "name: a",
      "\n  ",
      "- ",
      "&a",
      "*a",
      "<<: ",
      "---",
      "...",
      "ports",
      "[1]",
      ": ",
      "__proto__: ",
    ],
    ...["!!str", "%YAML 1.2", "0x1", ".nan", "\u0000", "\ufeff", "\u{1f600}", "\ud800", "\r", "null"],
  );
  const garbage = fc.oneof(
    fc.array(pieces, { maxLength: 30 }).map((all) => all.join("")),
    fc.string({ unit: "binary-ascii" }),
    fc.uint8Array({ maxLength: 60 }).map((bytes) => new TextDecoder().decode(bytes)),
  );
  await fc.assert(
    fc.asyncProperty(garbage, async (text) => {
      const error = await configErrorOf(() => parseConfig(text, { file: "c" }));
      assert(error.problems.length > 0);
    }),
    { numRuns: 700 },
  );
});
