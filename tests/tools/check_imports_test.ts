import { assertArrayIncludes, assertEquals } from "@std/assert";
import fc from "fast-check";
import { checkApis } from "../../tools/imports/_api_rules.ts";
import { checkCircles } from "../../tools/imports/_circles.ts";
import { codeOnly } from "../../tools/imports/_code_only.ts";
import { checkEdges, type Edge } from "../../tools/imports/_import_rules.ts";
import { edgesOf, type ModuleGraph, readGraph } from "../../tools/imports/_graph.ts";
import { checkRepository } from "../../tools/imports/check_imports.ts";
import { formatFinding } from "../../tools/imports/_finding.ts";

function edge(from: string, to: string): Edge {
  return { from, to, line: 3, specifier: to };
}

/** The messages of a lone import. */
function messages(from: string, to: string): string[] {
  return checkEdges([edge(from, to)]).map(({ message }) => message);
}

/** An import that is right, and the like of it that is not. */
interface Pair {
  readonly rule: string;
  readonly from: string;
  readonly right: string;
  readonly wrong: string;
  readonly message: string;
}

const PAIRS: readonly Pair[] = [
  {
    rule: "a room imports a smaller number, not a greater one",
    from: "lib/dial/dialer.ts",
    right: "lib/base/mod.ts",
    wrong: "lib/pool/mod.ts",
    message: "room dial (3) imports room pool (4); expected a room with a smaller number",
  },
  {
    rule: "a room imports a smaller number, not the same one",
    from: "lib/dial/dialer.ts",
    right: "lib/log/mod.ts",
    wrong: "lib/listen/mod.ts",
    message: "room dial (3) imports room listen (3); expected a room with a smaller number",
  },
  {
    rule: "another room is entered through mod.ts, not beside it",
    from: "lib/session/session.ts",
    right: "lib/relay/mod.ts",
    wrong: "lib/relay/pump.ts",
    message: 'room session imports "lib/relay/pump.ts"; expected "lib/relay/mod.ts"',
  },
  {
    rule: "a private file is imported from its folder, not from beside it",
    from: "lib/cli/run.ts",
    right: "lib/cli/_flags.ts",
    wrong: "lib/cli/pages/_html.ts",
    message: '"lib/cli/pages/_html.ts" is private to "lib/cli/pages/"; expected a file without "_"',
  },
  {
    rule: "main.ts imports the front room, not another",
    from: "main.ts",
    right: "lib/cli/mod.ts",
    wrong: "lib/proxy/mod.ts",
    message: 'main.ts imports "lib/proxy/mod.ts"; expected "lib/cli/mod.ts" alone',
  },
  {
    rule: "lib imports embedded text, not tests, bench or tools",
    from: "lib/cli/init.ts",
    right: "config.yaml",
    wrong: "tests/helpers/bytes.ts",
    message: 'the product imports "tests/helpers/bytes.ts"; expected nothing of tests, bench or tools',
  },
  {
    rule: "lib imports embedded text, not code of the top level",
    from: "lib/cli/init.ts",
    right: "deno.json",
    wrong: "main.ts",
    message: 'lib imports "main.ts"; expected code of lib alone',
  },
  {
    rule: "a file of lib is in a room that is known",
    from: "lib/cli/init.ts",
    right: "lib/admin/mod.ts",
    wrong: "lib/utils/mod.ts",
    message: '"lib/utils/mod.ts" is in no room; expected one of ROOMS in tools/imports/_rooms.ts',
  },
];

for (const { rule, from, right, wrong, message } of PAIRS) {
  Deno.test(`checkEdges: ${rule}`, () => {
    assertEquals(messages(from, right), []);
    assertEquals(messages(from, wrong), [message]);
  });
}

Deno.test("checkEdges: a file directly in lib is in no room", () => {
  assertEquals(messages("lib/cli/mod.ts", "lib/helpers.ts").length, 1);
});

Deno.test("checkEdges: tests import whatever they test", () => {
  assertEquals(messages("tests/relay/pump_test.ts", "lib/relay/_private.ts"), []);
});

Deno.test("checkEdges: a name of the import map is right, an address of the network is not", () => {
  const from = "lib/config/load.ts";
  assertEquals(checkEdges([{ from, line: 1, specifier: "zod", to: undefined }]), []);
  for (const specifier of ["jsr:@std/yaml", "https://example.com/x.ts", "http://example.com/x.ts"]) {
    assertEquals(checkEdges([{ from, line: 1, specifier, to: undefined }]).length, 1, specifier);
    assertEquals(
      checkEdges([{ from: "tests/x_test.ts", line: 1, specifier, to: undefined }]).length,
      1,
      specifier,
    );
  }
});

Deno.test("checkCircles: names the files of each circle, at its first file", () => {
  const found = checkCircles([
    edge("lib/dial/b.ts", "lib/dial/c.ts"),
    edge("lib/dial/c.ts", "lib/dial/a.ts"),
    edge("lib/dial/a.ts", "lib/dial/outside.ts"),
    { ...edge("lib/dial/a.ts", "lib/dial/b.ts"), line: 7 },
    edge("lib/dial/mod.ts", "lib/dial/a.ts"),
    edge("lib/base/y.ts", "lib/base/x.ts"),
    edge("lib/base/x.ts", "lib/base/y.ts"),
    edge("lib/log/self.ts", "lib/log/self.ts"),
  ]);
  assertEquals(found.map(formatFinding), [
    "lib/base/x.ts:3: lib/base/x.ts, lib/base/y.ts import each other; move what they share into a file of its own",
    "lib/dial/a.ts:7: lib/dial/a.ts, lib/dial/b.ts, lib/dial/c.ts import each other; move what they share into a file of its own",
    "lib/log/self.ts:3: the file imports itself; remove the import",
  ]);
});

Deno.test("checkCircles: two ways to one file are no circle, and tests are not looked at", () => {
  assertEquals(
    checkCircles([
      edge("lib/dial/a.ts", "lib/dial/b.ts"),
      edge("lib/dial/a.ts", "lib/dial/c.ts"),
      edge("lib/dial/b.ts", "lib/dial/d.ts"),
      edge("lib/dial/c.ts", "lib/dial/d.ts"),
      edge("lib/dial/d.ts", "lib/base/mod.ts"),
      { from: "lib/dial/d.ts", line: 1, specifier: "zod", to: undefined },
      edge("tests/a.ts", "tests/b.ts"),
      edge("tests/b.ts", "tests/a.ts"),
    ]),
    [],
  );
});

Deno.test("checkCircles: any graph has one exactly where a file reaches itself", () => {
  const pair = fc.tuple(fc.nat(7), fc.nat(7));
  fc.assert(fc.property(fc.array(pair, { maxLength: 14 }), (pairs) => {
    const name = (number: number): string => `lib/dial/${number}.ts`;
    const reaches = Array.from(
      { length: 8 },
      (_, from) => new Set(pairs.filter(([a]) => a === from).map(([, b]) => b)),
    );
    for (let round = 0; round < 8; round++) {
      for (const set of reaches) for (const via of [...set]) for (const to of reaches[via] ?? []) set.add(to);
    }
    const inCircles = reaches.flatMap((set, file) => set.has(file) ? [name(file)] : []);
    const named = checkCircles(pairs.map(([from, to]) => edge(name(from), name(to)))).flatMap((
      { file, message },
    ) => message.startsWith("the file") ? [file] : message.split(" import ")[0]?.split(", ") ?? []);
    assertEquals(named.sort(), inCircles);
  }));
});

Deno.test("edgesOf: type-only, dynamic and missing imports count, and carry their line", () => {
  const root = new URL("file:///repo/");
  const at = (line: number): { span: { start: { line: number } } } => ({ span: { start: { line } } });
  const graph: ModuleGraph = {
    modules: [
      {
        specifier: "file:///repo/lib/listen/mod.ts",
        dependencies: [
          { specifier: "../dial/mod.ts", type: { specifier: "file:///repo/lib/dial/mod.ts", ...at(4) } },
          { specifier: "./gone.ts", code: { specifier: "file:///repo/lib/listen/gone.ts", ...at(7) } },
          { specifier: "zod", code: { specifier: "npm:/zod@4", ...at(0) } },
        ],
      },
      { specifier: "file:///repo/lib/listen/gone.ts", error: "Module not found" },
      { specifier: "file:///elsewhere/x.ts", dependencies: [{ specifier: "https://example.com/x.ts" }] },
    ],
  };
  assertEquals(checkEdges(edgesOf(graph, root)).map(formatFinding), [
    "lib/listen/mod.ts:5: room listen (3) imports room dial (3); expected a room with a smaller number",
    'lib/listen/mod.ts:8: "./gone.ts" cannot be resolved (Module not found)',
  ]);
});

/** A use of the runtime with the file where it belongs and one where it does not. */
const USES: readonly { readonly use: string; readonly right: string; readonly wrong: string }[] = [
  { use: "Deno.listen({ port })", right: "lib/net/runtime/listen.ts", wrong: "lib/proxy/proxy.ts" },
  { use: "Deno.listenTls(o)", right: "lib/net/runtime/listen.ts", wrong: "lib/session/session.ts" },
  { use: "Deno.connect({ port })", right: "lib/net/runtime/connect.ts", wrong: "lib/pool/checks.ts" },
  { use: "Deno.startTls(conn)", right: "lib/net/runtime/tls.ts", wrong: "lib/session/session.ts" },
  { use: "Deno.serve(handler)", right: "lib/admin/server.ts", wrong: "lib/metrics/text.ts" },
  {
    use: 'Deno.dlopen("libc.so.6", {})',
    right: "lib/net/linux/calls/libc.ts",
    wrong: "lib/net/linux/reactor.ts",
  },
  { use: "Deno.exit(1)", right: "main.ts", wrong: "lib/cli/run.ts" },
  { use: "console.log(text)", right: "lib/cli/run.ts", wrong: "lib/proxy/proxy.ts" },
  { use: "Deno.stat(path)", right: "lib/config/load.ts", wrong: "lib/config/schema/values/units.ts" },
  { use: "performance.now()", right: "lib/base/clock.ts", wrong: "lib/balancing/random.ts" },
  { use: "setTimeout(f, 1)", right: "lib/routing/peek.ts", wrong: "lib/routing/route_table.ts" },
  { use: "Deno.stdout", right: "lib/log/destination/destination.ts", wrong: "lib/limits/byte_bucket.ts" },
];

for (const { use, right, wrong } of USES) {
  Deno.test(`checkApis: ${use} is right in ${right} and wrong in ${wrong}`, () => {
    assertEquals(checkApis(right, `f(${use});\n`), []);
    const findings = checkApis(wrong, `\nf(${use});\n`);
    assertEquals(findings.map(({ line }) => line), [2]);
  });
}

Deno.test("checkApis: a member of that name is not the runtime's, and Deno.exitCode is not Deno.exit", () => {
  assertEquals(
    checkApis("lib/proxy/proxy.ts", "record.console.log(); Deno.exitCode = 1; myDeno.listen();"),
    [],
  );
});

Deno.test("checkApis: the runtime taken whole is wrong everywhere", () => {
  for (const source of ["const { listen } = Deno;", 'Deno["listen"]({ port: 1 });', "run(Deno);"]) {
    assertEquals(checkApis("lib/net/runtime/listen.ts", source).length, 1, source);
  }
});

Deno.test("checkApis: comments, strings and regular expressions are not code, templates' insides are", () => {
  const source = [
    "// Deno.exit(1)",
    "/* console.log(1)\n Deno.listen() */",
    "const a = \"Deno.exit(1)\" + 'console.log';",
    'const b = /Deno.exit[/"]/.test(`Deno.exit ${1}`);',
  ].join("\n");
  assertEquals(checkApis("lib/proxy/proxy.ts", source), []);
  assertEquals(checkApis("lib/proxy/proxy.ts", "const c = `x ${{ a: Deno.exit(1) }} y`;").length, 1);
  assertEquals(checkApis("lib/proxy/proxy.ts", "const d = a / b; Deno.exit(1); const e = c / d;").length, 1);
});

Deno.test("codeOnly: every line stays where it is, whatever the source", () => {
  const piece = fc.constantFrom(
    "/",
    "*",
    "`",
    "${",
    "}",
    '"',
    "'",
    "\\",
    "\n",
    "a",
    " ",
    "//",
    "/*",
    "*/",
    "{",
  );
  fc.assert(fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
    const source = pieces.join("");
    const code = codeOnly(source);
    assertEquals(code.length, source.length);
    for (let i = 0; i < source.length; i++) assertEquals(code[i] === "\n", source[i] === "\n");
  }));
});

Deno.test("checkRepository: a tree with one wrong import and one wrong call is reported for both", async () => {
  const folder = await Deno.realPath(await Deno.makeTempDir());
  for (const room of ["base", "dial", "listen"]) {
    await Deno.mkdir(`${folder}/lib/${room}`, { recursive: true });
  }
  await Deno.writeTextFile(`${folder}/deno.json`, "{}");
  await Deno.writeTextFile(`${folder}/lib/base/mod.ts`, "export type A = 1;\n");
  await Deno.writeTextFile(`${folder}/lib/dial/mod.ts`, 'export type { A } from "../base/mod.ts";\n');
  await Deno.writeTextFile(
    `${folder}/lib/listen/mod.ts`,
    'import type { A } from "../dial/mod.ts";\nexport const a: A = 1;\nDeno.exit(a);\n',
  );
  const root = new URL(`file://${Deno.build.os === "windows" ? "/" : ""}${folder.replaceAll("\\", "/")}/`);
  const findings = (await checkRepository(root)).map(formatFinding);
  await Deno.remove(folder, { recursive: true });
  assertEquals(findings, [
    "lib/listen/mod.ts:1: room listen (3) imports room dial (3); expected a room with a smaller number",
    'lib/listen/mod.ts:3: "Deno.exit" is used; expected it in main.ts alone',
  ]);
});

Deno.test("readGraph: reads files whose names are more than an argument can hold", async () => {
  const root = new URL("../../", import.meta.url);
  const files = Array.from({ length: 1000 }, (_, index) => `${"folder/".repeat(20)}missing_${index}.ts`);
  const { modules } = await readGraph(root, files);
  assertArrayIncludes(
    modules.map(({ specifier }) => specifier),
    files.map((file) => new URL(file, root).href),
  );
});
