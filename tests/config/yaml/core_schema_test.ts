import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { anyCodePoint } from "../../helpers/any_text.ts";
import { Source } from "../../../lib/config/yaml/source.ts";
import { parseConfig } from "../../../lib/config/mod.ts";
import { configErrorOf } from "../../helpers/config/config_error.ts";

/** YAML 1.2.2 section 10.3.2, and what YAML 1.1 and its parsers read otherwise. */
const TABLE: readonly (readonly [text: string, value: unknown])[] = [
  ...["", "~", "null", "Null", "NULL"].map((text) => [text, null] as const),
  ...["nULL", "nil", "none"].map((text) => [text, text] as const),
  ...["true", "True", "TRUE"].map((text) => [text, true] as const),
  ...["false", "False", "FALSE"].map((text) => [text, false] as const),
  ...["yes", "no", "on", "off", "y", "n", "Yes", "tRUE", "Off"].map((text) => [text, text] as const),
  ["0", 0],
  ["-0", -0],
  ["+1", 1],
  ["-17", -17],
  ["99999999999999999999", 1e20],
  ["0o17500", 8000],
  ["0o8", "0o8"],
  ["-0o7", "-0o7"],
  ["0O7", "0O7"],
  ["0x1F", 31],
  ["0X1F", "0X1F"],
  ["+0x10", "+0x10"],
  ["0x", "0x"],
  ["0b11", "0b11"],
  ["8_080", "8_080"],
  ["1_0.5", "1_0.5"],
  ["0x_1", "0x_1"],
  ["1,000", "1,000"],
  [".5", 0.5],
  ["+.5", 0.5],
  ["-.5", -0.5],
  ["5.", 5],
  ["1.5", 1.5],
  ["1e3", 1000],
  ["1.e1", 10],
  ["-2E+05", -200000],
  ["1e400", Infinity],
  ["1e", "1e"],
  [".", "."],
  [".e1", ".e1"],
  [".inf", Infinity],
  ["+.Inf", Infinity],
  ["-.INF", -Infinity],
  [".nan", NaN],
  [".NaN", NaN],
  [".Nan", ".Nan"],
  ["+.nan", "+.nan"],
  ["inf", "inf"],
  ["12:30", "12:30"],
  ["190:20:30", "190:20:30"],
  ["190:20:30.15", "190:20:30.15"],
  ["2001-12-14", "2001-12-14"],
  ["2001-12-14t21:59:43.10-05:00", "2001-12-14t21:59:43.10-05:00"],
  ["<<", "<<"],
  ["=", "="],
  ["'0o17'", "0o17"],
  ['"010"', "010"],
  ["!!str 010", "010"],
  ["!!str", ""],
  ["! 12", "12"],
  ['!!int "12"', 12],
  ['!!float "12"', 12],
  ['!!bool "true"', true],
  ['!!null ""', null],
  ["!<tag:yaml.org,2002:str> 1", "1"],
  ["!!seq [1]", [1]],
  ["!!map {a: 1}", { a: 1 }],
];

for (const [text, value] of TABLE) {
  Deno.test(`Source: ${JSON.stringify(text)} is ${String(JSON.stringify(value))}`, () => {
    const source = Source.read(`a: ${text}\nb: [x]\n`);
    assertEquals(source?.value, { a: value, b: ["x"] });
    assertEquals(source?.faults, []);
  });
}

Deno.test("Source: what JSON writes is what JSON reads", () => {
  fc.assert(
    fc.property(fc.jsonValue({ stringUnit: anyCodePoint }), fc.constantFrom(0, 1, "\t"), (value, indent) => {
      const written = JSON.parse(JSON.stringify({ value }));
      assertEquals(Source.read(JSON.stringify(written, null, indent))?.value, written);
    }),
  );
});

Deno.test("Source: a colon of JSON may begin a line", () => {
  assertEquals(Source.read('{"a"\n:1,\n"b"\n\t: [2]}')?.value, { a: 1, b: [2] });
});

Deno.test("Source: the spaces of a block scalar count, also before brackets", () => {
  const text = "- a: [\n]\n- |\n  {\n    ]\n  }\n- >\n  x\n\n    }\n  ]\n- [\n1\n]\n";
  assertEquals(Source.read(text)?.value, [{ a: [] }, "{\n  ]\n}\n", "x\n\n  }\n]\n", [1]]);
});

Deno.test("Source: a tab in quotes stays", () => {
  assertEquals(Source.read('a: {\n\t"x\ty": "1\t2",\t"z": [\n\t1]}\n')?.value, {
    a: { "x\ty": "1\t2", z: [1] },
  });
});

Deno.test("Source: a key that is named __proto__ is a key like others", () => {
  const value = Source.read("__proto__: { a: 1 }")?.value as object;
  assertEquals(Object.keys(value), ["__proto__"]);
  assertEquals(Object.getPrototypeOf(value), Object.prototype);
});

Deno.test("parseConfig: a number with a leading zero is refused with both readings", async () => {
  const messages = async (port: string): Promise<string[]> => {
    const text = `apps: [{ name: a, ports: [${port}], targets: ["h:1"] }]`;
    return (await configErrorOf(() => parseConfig(text, { file: "c" }))).message.split("\n").filter((line) =>
      line.startsWith("c:")
    );
  };
  const quotes = "or put a text in quotes";
  assertEquals(await messages("010000"), [
    `c:1:27: apps[0].ports[0]: the number 010000 has a leading zero: 10000 in YAML 1.2, 4096 in YAML 1.1; write 10000 or 4096, ${quotes}`,
  ]);
  assertEquals(await messages("08080"), [
    `c:1:27: apps[0].ports[0]: the number 08080 has a leading zero: write 8080, ${quotes}`,
  ]);
});

Deno.test("parseConfig: octal and hexadecimal ports are those of YAML 1.2, digits with underscores are none", async () => {
  const text = `apps: [{ name: a, ports: [0o17500, 0x1F91], targets: ["h:1"] }]`;
  assertEquals((await parseConfig(text, { file: "c" })).apps[0]?.ports, [8000, 8081]);
  for (const port of ["8_080", "0b11", "1_0.5"]) {
    await configErrorOf(() => parseConfig(text.replace("0x1F91", port), { file: "c" }));
  }
});

for (
  const [fault, text, place, words] of [
    [
      "a missing space",
      "apps:\n  - name:web\n    ports: [1]\n",
      "2:5",
      `"name:web" has no space after the colon`,
    ],
    [
      "a missing space at the top",
      "workers:2\napps: []\n",
      "1:1",
      `"workers:2" has no space after the colon`,
    ],
    ["a quote", `apps:\n  - name: "a\n    ports: [1]\n`, "2:11", "quote that opens here"],
    [
      "a quote that another closes",
      `apps:\n  - name: "a\n    ports: [1]\n    targets: ["h:1"]\n`,
      "2:11",
      "quote that opens here",
    ],
    ["a bracket", "apps:\n  - name: a\n    ports: [1\n    targets: [x]\n", "3:12", "bracket that opens here"],
    [
      "a variable",
      "apps: [{ name: a, ports: [${PORT}] }]",
      "1:27",
      'write "${PORT}"',
    ],
    ["an alias", "base: &base 1\nb: *bse\n", "2:4", `did you mean "*base"?`],
    ["a no-break space", "apps:\n\u00a0 - name: a\n", "2:1", "a no-break space (U+00A0)"],
    [
      "a zero-width space",
      "apps:\n  - name: a\n  \u200b  ports: [1]\n",
      "3:3",
      "a zero-width space (U+200B)",
    ],
    ["a no-break space between", "apps:\n  - name:\u00a0a\n    ports: [1]\n", "2:10", "a no-break space"],
  ] as const
) {
  Deno.test(`parseConfig: ${fault} is shown where it is`, async () => {
    const { message } = await configErrorOf(() => parseConfig(text, { file: "c" }));
    const first = message.split("\n")[0] ?? "";
    assertEquals([first.startsWith(`c:${place}: `), first.includes(words)], [true, true], message);
  });
}
