import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { formatAddress } from "../../../lib/base/mod.ts";
import { DataError, parseData } from "../../../lib/config/mod.ts";
import { parseTargetGroups, TargetGroupsError } from "../../../lib/pool/discovery/target_groups.ts";

function found(value: unknown): string[] {
  return parseTargetGroups(value).map(({ address, weight, backupTier }) =>
    `${formatAddress(address)} ${weight ?? "-"} ${backupTier}`
  );
}

Deno.test("parseTargetGroups: each target has the labels of its group, and all others are left alone", () => {
  assertEquals(
    found([
      {
        targets: ["10.0.0.1:80", "[::1]:80", "db.internal:5432"],
        labels: { weight: "3", job: "web", __meta_x: "y" },
      },
      { targets: ["10.0.0.2:80"], labels: { __weight__: "0", weight: "7", backup: "true" } },
      { targets: ["10.0.0.3:80"] },
      { targets: [] },
    ]),
    ["10.0.0.1:80 3 0", "[::1]:80 3 0", "db.internal:5432 3 0", "10.0.0.2:80 0 1", "10.0.0.3:80 - 0"],
  );
  assertEquals(found([]), []);
});

Deno.test("parseTargetGroups: a target that is named twice is what its first group says", () => {
  assertEquals(
    found([{ targets: ["a:1", "a:1"], labels: { weight: "2" } }, {
      targets: ["a:1", "b:1"],
      labels: { weight: "5" },
    }]),
    ["a:1 2 0", "b:1 5 0"],
  );
});

for (
  const [value, message] of [
    [null, "null; expected a list of groups"],
    [{ targets: ["a:1"] }, "a mapping; expected a list of groups"],
    ["a:1", '"a:1"; expected a list of groups'],
    [["a:1"], '[0] is "a:1"; expected a group like { "targets": ["10.0.0.1:80"] }'],
    [[{}], "[0].targets is missing; expected a list"],
    [[{ targets: "a:1" }], '[0].targets is "a:1"; expected a list'],
    [[{ targets: [1] }], '[0].targets[0] is 1; expected "host:port"'],
    [[{ targets: ["a:1", "a"] }], "[0].targets[1]: "],
    [[{ targets: ["a:70000"] }], "[0].targets[0]: "],
    [[{ targets: ["unix:/x"] }], '[0].targets[0] is "unix:/x"; expected "host:port"'],
    [[{ targets: ["http://a:1/metrics"] }], "[0].targets[0]: "],
    [[{ targets: ["a:1"], labels: [] }], "[0].labels is a list; expected a mapping"],
    [
      [{ targets: ["a:1"], labels: { weight: "257" } }],
      '[0].labels.weight is "257"; expected a whole number from 0 to 256',
    ],
    [[{ targets: ["a:1"], labels: { weight: "-1" } }], '[0].labels.weight is "-1"'],
    [
      [{ targets: ["a:1"], labels: { backup: "yes" } }],
      '[0].labels.backup is "yes"; expected "true" or "false"',
    ],
  ] as const
) {
  Deno.test(`parseTargetGroups: ${JSON.stringify(value)} is refused whole, with its place`, () => {
    const error = assertThrows(() => parseTargetGroups(value), TargetGroupsError);
    assertEquals(error.message.startsWith(message), true, error.message);
  });
}

Deno.test("parseTargetGroups: more targets than a list may have", () => {
  const targets = Array.from({ length: 10_001 }, (_, index) => `a:${index + 1}`);
  assertThrows(() => parseTargetGroups([{ targets }]), TargetGroupsError, "more than 10000 targets");
  assertEquals(parseTargetGroups([{ targets: targets.slice(1) }]).length, 10_000);
});

Deno.test("parseTargetGroups: any value gives targets or its own error", () => {
  const some = fc.oneof(
    fc.jsonValue(),
    fc.array(fc.record({
      targets: fc.oneof(fc.array(fc.oneof(fc.string(), fc.constantFrom("a:1", "[::1]:2"))), fc.jsonValue()),
      labels: fc.oneof(
        fc.dictionary(fc.constantFrom("weight", "backup", "__weight__", "x"), fc.jsonValue()),
        fc.jsonValue(),
      ),
    }, { requiredKeys: [] })),
  );
  fc.assert(fc.property(some, (value) => {
    try {
      for (const { weight = 0, backupTier } of parseTargetGroups(value)) {
        assertEquals([Number.isInteger(weight) && weight >= 0 && weight <= 256, backupTier < 2], [
          true,
          true,
        ]);
      }
    } catch (error) {
      if (!(error instanceof TargetGroupsError)) throw error;
    }
  }));
});

Deno.test("parseTargetGroups: what is well formed is read as it is, from JSON and YAML alike", () => {
  const group = fc.record({
    targets: fc.array(
      fc.tuple(fc.ipV4(), fc.integer({ min: 1, max: 65535 })).map(([host, port]) => `${host}:${port}`),
    ),
    labels: fc.record({
      weight: fc.integer({ min: 0, max: 256 }).map(String),
      backup: fc.constantFrom("true", "false"),
    }),
  });
  fc.assert(fc.property(fc.array(group, { maxLength: 5 }), (groups) => {
    const expected = new Map<string, string>();
    for (const { targets, labels } of groups) {
      for (const target of targets) {
        const shown = `${target} ${labels.weight} ${labels.backup === "true" ? 1 : 0}`;
        if (!expected.has(target)) expected.set(target, shown);
      }
    }
    assertEquals(found(parseData(JSON.stringify(groups))), [...expected.values()]);
    const lines = groups.map(({ targets, labels }) =>
      `- targets: [${
        targets.join(", ")
      }]\n  labels:\n    weight: ${labels.weight}\n    backup: ${labels.backup}\n`
    );
    assertEquals(found(parseData(lines.join("") || "[]")), [...expected.values()]);
  }));
});

Deno.test("parseData: a fault has its line and column, and no text takes long or much", () => {
  assertThrows(() => parseData(`[{ "targets": ["a:1" }]`), DataError, "1:1: the bracket that opens here");
  assertThrows(() => parseData("- a\n- b: [\n"), DataError, "2:6: the bracket that opens here");
  const bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n" +
    [..."bcdefgh"].map((name, index) => `${name}: &${name} [${`*${"abcdefg"[index]},`.repeat(9)}]\n`).join(
      "",
    );
  assertThrows(() => parseData(bomb), DataError, "more than 100000 values");
  assertEquals(parseData("- { a: ${HOME}, <<: 1 }".replace("${HOME}", '"${HOME}"')), [{
    a: "${HOME}",
    "<<": 1,
  }]);
});
