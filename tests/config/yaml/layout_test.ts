import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { readLayout } from "../../../lib/config/yaml/layout.ts";
import { Source } from "../../../lib/config/yaml/source.ts";
import { parseConfig, type Path } from "../../../lib/config/mod.ts";
import { configErrorOf } from "../../helpers/config/config_error.ts";

/** Where a path's value, or its key, is in a text. */
function place(text: string, path: Path, at?: "key"): string | undefined {
  const found = Source.read(text)?.locate(path, at);
  return found && `${found.line}:${found.column}`;
}

Deno.test("Source: a bracket that closes below its key costs no place", () => {
  const text = `apps:
  - name: a
    ports: [
      1, # one
      2
    ]
    bandwidth: {
      upload: 5
    }
    targets: [
  "h:1",
  h:2 ]
    x: 1
`;
  assertEquals([
    place(text, ["apps", 0, "ports", 0]),
    place(text, ["apps", 0, "ports", 1]),
    place(text, ["apps", 0, "bandwidth", "upload"], "key"),
    place(text, ["apps", 0, "targets"]),
    place(text, ["apps", 0, "targets", 0]),
    place(text, ["apps", 0, "targets", 1]),
    place(text, ["apps", 0, "x"], "key"),
  ], ["4:7", "5:7", "8:7", "10:14", "11:3", "12:3", "13:5"]);
});

Deno.test("Source: tabs between values, and in brackets, cost no place", () => {
  const text = 'a:\tb\nc: [1,\t2]\nd: {\n\te: 1,\n\t\tf: [\n\t2]\n\t}\ng: "x\n\ty"\nh: 1\n';
  assertEquals(Source.read(text)?.value, { a: "b", c: [1, 2], d: { e: 1, f: [2] }, g: "x y", h: 1 });
  assertEquals(
    [place(text, ["c", 1]), place(text, ["d", "e"]), place(text, ["d", "f", 0]), place(text, ["h"], "key")],
    ["2:8", "4:5", "6:2", "10:1"],
  );
});

Deno.test("Source: a text of scalars with brackets is left as it is", () => {
  const text = `a: |\n  ]\n  }\nc:\n  - >-\n    }\n    x\n  - 'it''s\n    ]'\n  - y\n    }\nd: [\n]\n`;
  assertEquals(Source.read(text)?.value, { a: "]\n}\n", c: ["} x", "it's ]", "y }"], d: [] });
  assertEquals([place(text, ["c", 2]), place(text, ["d"])], ["10:5", "12:4"]);
});

Deno.test("Source: however the lines of brackets are indented, each value is found", () => {
  const line = fc.record({
    indent: fc.constantFrom("", " ", "\t", "  ", "      ", " \t"),
    comment: fc.constantFrom("", " # ]", "\t# x"),
  });
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 9 }), { maxLength: 6 }), fc.infiniteStream(line), (items, layout) => {
      const laid = (text: string): string => {
        const { indent, comment } = layout.next().value;
        return `${indent}${text}${comment}\n`;
      };
      const text = `a:\n  - x: [\n${
        items.map((item) => laid(`{ "k": [`) + laid(`${item}],`) + laid("},")).join("")
      }` +
        `${laid("]")}    y: 1\n  - z: 2\n`;
      assertEquals(Source.read(text)?.value, {
        a: [{ x: items.map((item) => ({ k: [item] })), y: 1 }, { z: 2 }],
      });
      const source = Source.read(text);
      const at = (path: Path): string => {
        const place = source?.locate(path) ?? { line: 1, column: 1 };
        return text.split("\n")[place.line - 1]?.slice(place.column - 1) ?? "";
      };
      for (const [index, item] of items.entries()) {
        assertEquals(at(["a", 0, "x", index, "k", 0]).slice(0, 2), `${item}]`);
      }
      assertEquals([at(["a", 0, "y"]), at(["a", 1, "z"])], ["1", "2"]);
    }),
  );
});

Deno.test("readLayout: what the parser refuses still has its place in the text as it was written", () => {
  const layout = readLayout("a: [\n1\n]\nb: [1,,2]\n", { maxDepth: 32 });
  assertEquals(layout, {
    kind: "refusal",
    reason: "expected the node content, but found ','",
    offset: 15,
  });
});

Deno.test("readLayout: a thousand brackets in a megabyte are dealt with at once", () => {
  const app = (index: number): string => `  - name: a${index}\n    ports: [\n      ${index}\n    ]\n`;
  const text = `apps:\n${Array.from({ length: 20_000 }, (_, index) => app(index)).join("")}`;
  assertEquals(place(text, ["apps", 19_999, "ports", 0]), "80000:7");
});

Deno.test("parseConfig: a tab in the indentation is the one thing that is said", async () => {
  const reported = async (text: string): Promise<string[]> => {
    const { message } = await configErrorOf(() => parseConfig(text, { file: "c" }));
    return message.split("\n").filter((line) => line.startsWith("c:"));
  };
  const tab = "the indentation has a tab; use spaces";
  assertEquals(await reported("apps:\n  - name: x\n    ports: [1]\n\ttargets: ['a:1']\n"), [`c:4:1: ${tab}`]);
  assertEquals(await reported("apps:\n\t- name: x\n\t  ports: [1]\n"), [`c:2:1: ${tab}`]);
  assertEquals(await reported("apps:\n  - name: x\n  \tports: [1]\n"), [`c:3:3: ${tab}`]);
  assertEquals(await reported("apps:\n  -\tname: x\n"), [`c:2:4: ${tab}`]);
  // In JSON tabs are as good as spaces.
  assertEquals(await reported('{\n\t"apps": [\n\t],\n\t"lgo": 1\n}\n'), [
    "c:2:10: apps: the value is empty; expected at least one app",
    'c:4:2: lgo: unknown key; expected one of workers, log, admin, …; did you mean "log"?',
  ]);
  assertEquals(await reported('{\n\t"apps": []\n\t"log": 1\n}\n'), ["c:3:2: expected a comma before this"]);
});

Deno.test("parseConfig: a value that is missing in a list is no null", async () => {
  const { message } = await configErrorOf(() =>
    parseConfig(`apps: [{ name: a, ports: [1,,2], targets: ["h:1"] }]`, { file: "c" })
  );
  assertEquals(
    message.split("\n")[0],
    "c:1:29: expected a value before this comma",
  );
});
