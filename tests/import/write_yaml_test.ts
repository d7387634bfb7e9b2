import { assertEquals } from "@std/assert";
import { parse } from "@std/yaml/parse";
import fc from "fast-check";
import { parseData } from "../../lib/config/mod.ts";
import { writeYaml } from "../../lib/import/write_yaml.ts";
import { plain, YamlMap, type YamlValue } from "../../lib/import/yaml_map.ts";
import { anyText } from "../helpers/any_text.ts";

/** Texts that a YAML parser may take for something else. */
const TRICKY = [
  "",
  " ",
  "yes",
  "null",
  "~",
  "1.2",
  "0x10",
  "1e3",
  "010",
  "-",
  "- a",
  "a: b",
  "a #b",
  "[x",
  "{y",
  "&a",
  "*a",
]
  .concat([
    "!t",
    "|",
    ">",
    "%",
    "@",
    "`",
    "'",
    '"',
    "\\",
    "2001-01-01",
    "a\nb",
    "\u0085",
    "off",
    "10.0.0.1:80",
    "=",
    "<<",
  ]);

const text = fc.oneof(
  fc.constantFrom(...TRICKY),
  anyText({ maxLength: 20 }).map((text) => text.toWellFormed()),
);
const scalar: fc.Arbitrary<YamlValue> = fc.oneof(text, fc.integer(), fc.boolean());
const key = fc.stringMatching(/^[a-z_]{1,9}$/);

const { value } = fc.letrec<{ value: YamlValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    scalar,
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(key, tie("value"), { maxKeys: 4 }).map(mapOf),
  ),
}));

function mapOf(record: Readonly<Record<string, YamlValue>>): YamlMap {
  const map = new YamlMap();
  for (const [key, value] of Object.entries(record)) map.set(key, value);
  return map;
}

Deno.test("writeYaml: what is written is read again, by a YAML parser and as a config is", () => {
  fc.assert(fc.property(fc.dictionary(key, value, { minKeys: 1, maxKeys: 5 }).map(mapOf), (map) => {
    const yaml = writeYaml(map);
    assertEquals(parse(yaml), plain(map), yaml);
    assertEquals(parseData(yaml), plain(map), yaml);
  }));
});

Deno.test("writeYaml: comments stand above and behind what they are about", () => {
  const map = new YamlMap().set("a", 1, "why").set("list", [new YamlMap().set("b", "x")]);
  map.comments.push("first");
  const inner = new YamlMap().set("c", true);
  inner.comments.push("of c");
  map.set("more", [inner]);
  assertEquals(writeYaml(map), "# first\na: 1 # why\nlist:\n  - { b: x }\nmore:\n  # of c\n  - c: true\n");
});
