import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { COMMANDS } from "../../lib/cli/commands/mod.ts";
import { argument, blocks, paragraph } from "../../tools/ship/_mdoc.ts";
import { manPages } from "../../tools/ship/man.ts";
import { configSections } from "../../tools/generate_reference.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";
import { missingTools } from "../helpers/programs/tools.ts";

const PAGES = manPages(new Date("2026-03-01T00:00:00Z"));

Deno.test("paragraph: each sentence begins a line, and what mdoc would read as its own is escaped", () => {
  assertEquals(
    paragraph("Writes `a-b`. Then **`c`** and [docs](d.md)! An e.g. one.\n.hidden \\n 'x"),
    "Writes \\fBa\\-b\\fR.\nThen \\fBc\\fR and docs!\nAn e.g. one. .hidden \\en 'x",
  );
  assertEquals(paragraph(".TH x"), "\\&.TH x");
  assertEquals(paragraph("'x"), "\\&'x");
  assertEquals(paragraph(`${"word ".repeat(20)}end`).split("\n").map((line) => line.length), [74, 28]);
});

Deno.test("blocks: knows paragraphs, lists and code, and leaves headings out", () => {
  assertEquals(
    blocks("# Title\n\n<!-- no -->\n\nOne.\n\nTwo.\n\n- a\n  b\n- c\n\n```sh\n.x\n```\n"),
    "One.\n.Pp\nTwo.\n.Bl -bullet\n.It\na b\n.It\nc\n.El\n.Bd -literal -offset indent\n\\&.x\n.Ed",
  );
});

Deno.test("argument: quotes, and keeps delimiters at the end", () => {
  assertEquals(argument('a "b" -c'), '"a \\(dqb\\(dq \\-c"');
  assertEquals(argument("apps[]"), '"apps[]\\&"');
});

Deno.test("manPages: tcpproxy(1) has every command and every flag", () => {
  const page = PAGES["tcpproxy.1"] ?? "";
  for (const { name, flags } of COMMANDS) {
    const start = page.indexOf(`.Ss "${name}"`);
    assert(start >= 0, name);
    const next = page.indexOf("\n.S", start + 1);
    for (const flag of flags) {
      assertStringIncludes(page.slice(start, next), `Fl \\-${flag.name.replaceAll("-", "\\-")}`);
    }
  }
});

Deno.test("manPages: tcpproxy.yaml(5) has every key", () => {
  const page = PAGES["tcpproxy.yaml.5"] ?? "";
  for (const { path, rows } of configSections()) {
    if (path !== "") assertStringIncludes(page, `.Ss "${path}`);
    for (const { key } of rows) assertStringIncludes(page, `.It Cm "${key}"`);
  }
  assertStringIncludes(page, ".Dd March 1, 2026\n");
});

const linters = [
  // The pages refer to each other, and neither is installed.
  { tool: "mandoc", args: ["-Tlint"], known: /referenced manual not found|outdated mandoc.db/ },
  { tool: "man", args: ["--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z"], known: /^$/ },
];

for (const { tool, args, known } of linters) {
  const missing = missingTools(tool);
  Deno.test({
    name: `manPages: ${tool} finds nothing wrong${missing.length > 0 ? ` (missing: ${missing.join()})` : ""}`,
    ignore: missing.length > 0,
    fn: async () => {
      await using folder = new TemporaryFolder();
      for (const [name, text] of Object.entries(PAGES)) {
        const path = await folder.write(name, text);
        const command = new Deno.Command(tool, { args: [...args, path], env: { LC_ALL: "C.UTF-8" } });
        const { stdout, stderr } = await command.output();
        const said = new TextDecoder().decode(tool === "man" ? stderr : stdout);
        assertEquals(said.split("\n").filter((line) => line !== "" && !known.test(line)), [], name);
      }
    },
  });
}
