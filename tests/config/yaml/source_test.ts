import { assert, assertEquals } from "@std/assert";
import { parse } from "@std/yaml/parse";
import { stringify } from "@std/yaml/stringify";
import fc from "fast-check";
import { Source } from "../../../lib/config/yaml/source.ts";
import type { Path } from "../../../lib/config/mod.ts";

type Tree = string | number | boolean | null | Tree[] | { [key: string]: Tree };

const { tree } = fc.letrec<{ tree: Tree }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4, depthSize: "small" },
    fc.string({ unit: "binary-ascii" }).map((text) => text.replaceAll(/[\r\n]/g, " ")),
    fc.string({ unit: "grapheme" }).filter((text) => !/[\n\r\u0085\u2028\u2029]/.test(text)),
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie("tree"), { maxLength: 4 }),
    fc.dictionary(fc.stringMatching(/^[a-z_ :'"#0-9-]{1,8}$/), tie("tree"), {
      maxKeys: 4,
      noNullPrototype: true,
    }),
  ),
}));

const documents = fc.oneof(
  fc.dictionary(fc.stringMatching(/^[a-z0-9]{1,5}$/), tree, { maxKeys: 4, noNullPrototype: true }),
  fc.array(tree, { maxLength: 4 }),
) as fc.Arbitrary<Tree>;

function* pathsOf(value: Tree, path: Path = []): Generator<{ path: Path; value: Tree }> {
  yield { path, value };
  if (typeof value !== "object" || value === null) return;
  const steps: (string | number)[] = Array.isArray(value) ? [...value.keys()] : Object.keys(value);
  for (const step of steps) {
    yield* pathsOf((value as Record<string | number, Tree>)[step] ?? null, [...path, step]);
  }
}

/** The text from a path's place on. */
function textAt(text: string, path: Path, at?: "key" | "value"): string {
  const place = Source.read(text)?.locate(path, at);
  if (place === undefined) throw new Error(`no place for ${JSON.stringify(path)} in:\n${text}`);
  return text.split("\n").slice(place.line - 1).join("\n").slice(place.column - 1);
}

Deno.test("Source: every path of a flow document leads to the text of its value", () => {
  fc.assert(
    fc.property(documents, fc.integer({ min: 0, max: 2 }), (document, indent) => {
      const text = JSON.stringify(document, null, indent);
      for (const { path, value } of pathsOf(document)) {
        const expected = JSON.stringify(value, null, indent).split("\n")[0] ?? "";
        const found = textAt(text, path);
        assert(found.startsWith(expected), `${JSON.stringify(path)} leads to ${found}`);
        const key = path.at(-1);
        if (typeof key === "string") assert(textAt(text, path, "key").startsWith(JSON.stringify(key)));
      }
    }),
    { numRuns: 300 },
  );
});

Deno.test("Source: every path of a block document leads to the text of its value", () => {
  fc.assert(
    fc.property(documents, (document) => {
      const text = stringify(document, { lineWidth: -1 });
      for (const { path, value } of pathsOf(document)) {
        const line = textAt(text, path).split("\n")[0] ?? "";
        const isFilled = typeof value === "object" && value !== null && Object.keys(value).length > 0;
        if (!isFilled) assertEquals(parse(line), value, `${JSON.stringify(path)} leads to ${line}`);
        else if (Array.isArray(value)) {
          assert(line.startsWith("-"), `${JSON.stringify(path)} leads to ${line}`);
        } else {
          const first = stringify({ [Object.keys(value)[0] ?? ""]: 1 }).replace(/ 1\n$/, "");
          assert(line.startsWith(first), `${JSON.stringify(path)} leads to ${line}`);
        }
      }
    }),
    { numRuns: 300 },
  );
});

Deno.test("Source: anchors, aliases and merge keys lead to where the value is written", () => {
  const text = [
    "base: &base { idle: 1, &k late: 2 }", // 1
    "list: [*base, *base]", // 2
    "one:", // 3
    "  <<: *base", // 4
    "  late: 3", // 5
    "two:", // 6
    "  <<: [{ early: 4 }, *base]", // 7
  ].join("\n");
  const source = Source.read(text);
  assertEquals(source?.locate(["list", 1]), { line: 2, column: 15 }, "an alias stands for itself");
  assertEquals(source?.locate(["list", 1, "idle"]), { line: 1, column: 21 });
  assertEquals(source?.locate(["one", "idle"]), { line: 1, column: 21 });
  assertEquals(source?.locate(["one", "late"]), { line: 5, column: 9 }, "its own key wins");
  assertEquals(source?.locate(["two", "early"]), { line: 7, column: 17 });
  assertEquals(source?.locate(["two", "late"]), { line: 1, column: 33 });
  assertEquals(source?.locate(["two", "idle"], "key"), { line: 1, column: 15 });
});

Deno.test("Source: what is written as nothing has the place of its key or dash", () => {
  const source = Source.read("a:\nb:\n  - 'x' # - no\n  # - no\n  -\n  - y\n");
  assertEquals(source?.locate(["a"]), { line: 1, column: 1 });
  assertEquals(source?.locate(["b", 1]), { line: 5, column: 3 });
  assertEquals(source?.locate(["b", 2]), { line: 6, column: 5 });
});

Deno.test("Source: an empty key has the place of its colon or question mark", () => {
  const places: readonly (readonly [string, Path, number, number])[] = [
    [": a", [""], 1, 1],
    ["# b: c\n'x': [y: 1]\n: a", [""], 3, 1],
    ["a:\n  - b: c\n  - : d", ["a", 1, ""], 3, 5],
    ["a: {b: 1, : d}", ["a", ""], 1, 11],
    ["a: 1\n?\n: d", [""], 2, 1],
    ["a: 1\n! : d", [""], 2, 1],
    ["...\n: d", [""], 1, 1],
    ["a: 1\n&b : d", [""], 2, 1],
  ];
  for (const [text, path, line, column] of places) {
    assertEquals(Source.read(text)?.locate(path, "key"), { line, column }, text);
  }
});

Deno.test("Source: a plain key is named as it is written", () => {
  const text = "0x10: a\n~: b\n'0x10': c\n\"q\\u0041\": d\n? e f\n: g\n1_0: h\n";
  const value = { "~": "b", "0x10": "c", qA: "d", "e f": "g", "1_0": "h" };
  assertEquals(Source.read(text)?.value, value);
  for (const [key, letter] of Object.entries(value)) assertEquals(textAt(text, [key])[0], letter);
});

Deno.test("Source: a path that leads nowhere has the last place on the way", () => {
  const source = Source.read("a:\n  b: 1\n");
  assertEquals(source?.locate(["a", "c", 5]), { line: 2, column: 3 });
  assertEquals(source?.locate(["x"]), { line: 1, column: 1 });
});

Deno.test("Source: every line break counts once", () => {
  const source = Source.read("a: 1\r\nb: 2\rc: 3\nd: 4");
  assertEquals(["a", "b", "c", "d"].map((key) => source?.locate([key])?.line), [1, 2, 3, 4]);
});
