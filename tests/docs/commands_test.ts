/**
 * Every command that a page shows is one that a shell, and the program, can read.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { COMMANDS } from "../../lib/cli/commands/mod.ts";
import { UsageError } from "../../lib/cli/command.ts";
import { parseCommandLine } from "../../lib/cli/parse_args.ts";
import { anyText } from "../helpers/any_text.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";
import { missingTools } from "../helpers/programs/tools.ts";
import denoConfig from "../../deno.json" with { type: "json" };
import { commandLines } from "./console_block.ts";
import { readPages } from "./pages.ts";
import { commandsOf, proxyWords, taskOf } from "./shell.ts";

const PAGES = readPages();
const MISSING = missingTools("bash");

/** The scripts of all pages with their place: shell blocks, and the commands of console blocks. */
const SCRIPTS = [...PAGES.values()].flatMap(({ path, blocks }) =>
  blocks.flatMap(({ language, line, text }) => {
    const at = `${path}:${line}`;
    if (["sh", "bash", "shell"].includes(language)) return [{ at, script: text }];
    return language === "console" ? [{ at, script: `${commandLines(text).join("\n")}\n` }] : [];
  })
);

Deno.test({
  name: `docs: bash can read every shell block${MISSING.length > 0 ? " (needs bash)" : ""}`,
  ignore: MISSING.length > 0,
  fn: async () => {
    await using folder = new TemporaryFolder();
    const names = await Promise.all(
      SCRIPTS.map(({ script }, index) => folder.write(`${index}.sh`, script)),
    );
    const wrong: string[] = [];
    // One shell for all: starting some hundred takes longer than everything else here.
    const check = 'for file; do bash -n "$file" 2>&1 || echo "^ $file"; done';
    const { stdout } = await new Deno.Command("bash", { args: ["-c", check, "-", ...names] }).output();
    const said = new TextDecoder().decode(stdout);
    for (const [index, { at }] of SCRIPTS.entries()) {
      if (said.includes(`/${index}.sh`)) wrong.push(`${at}: ${said}`);
    }
    assertEquals(wrong, []);
  },
});

Deno.test("docs: every tcpproxy command in a shell block has flags and words that the command takes", () => {
  const wrong = SCRIPTS.flatMap(({ at, script }) =>
    commandsOf(script).map(proxyWords).flatMap((words) => {
      const problem = words === undefined ? undefined : problemOf(words);
      return problem === undefined ? [] : [`${at}: tcpproxy ${words?.join(" ")}: ${problem}`];
    })
  );
  assertEquals(wrong, []);
});

Deno.test("docs: every tcpproxy command in a sentence exists, and has the flags that it is shown with", () => {
  const wrong = [...PAGES.values()].filter(({ path }) => path !== "CHANGELOG.md").flatMap((
    { path, inlineCode },
  ) =>
    inlineCode.flatMap(({ line, text }) => {
      const words = commandsOf(text).map(proxyWords).find((words) => words !== undefined);
      if (words === undefined || !/^tcpproxy\s/.test(text)) return [];
      const problem = problemOf(words, { isFragment: true });
      return problem === undefined ? [] : [`${path}:${line}: ${text}: ${problem}`];
    })
  );
  assertEquals(wrong, []);
});

Deno.test("docs: every task exists that a page runs", () => {
  const tasks = Object.keys(denoConfig.tasks);
  const wrong = [
    ...SCRIPTS,
    ...[...PAGES.values()].flatMap(({ path, inlineCode }) =>
      inlineCode.map(({ line, text }) => ({ at: `${path}:${line}`, script: text }))
    ),
  ].flatMap(({ at, script }) =>
    commandsOf(script).map(taskOf)
      .filter((task): task is string => task !== undefined && /^[\w:]+$/.test(task) && !tasks.includes(task))
      .map((task) => `${at}: there is no task "${task}"`)
  );
  assertEquals(wrong, []);
});

/** Why the program would not take these words; of a fragment in a sentence only the command and its flags count. */
function problemOf(words: readonly string[], { isFragment = false } = {}): string | undefined {
  const [first, ...rest] = words;
  if (first === "help" || first === "--help" || first === "--version" || first === "-h" || first === "-V") {
    return undefined;
  }
  const name = first === undefined || first.startsWith("-") ? "run" : first;
  if (isFragment && /^[A-Z…<]/.test(name)) return undefined;
  const command = COMMANDS.find((command) => command.name === name);
  if (command === undefined) return `there is no command "${name}"`;
  try {
    parseCommandLine(
      isFragment ? { ...command, arity: [0, Infinity] } : command,
      (name === first ? rest : words).map((word) => word === "" ? "…" : word),
    );
    return undefined;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    if (isFragment && /needs a value/.test(error.message)) return undefined;
    return error.message;
  }
}

Deno.test("commandsOf: quotes, comments, redirections, lists and substitutions are a shell's", () => {
  assertEquals(commandsOf("a 'b c' \"d $(e f) g\" h\\ i # j\nk | l && m; n > o 2>&1 < p"), [
    ["e", "f"],
    ["a", "b c", "d $… g", "h i"],
    ["k"],
    ["l"],
    ["m"],
    ["n"],
  ]);
  assertEquals(commandsOf("a \\\n  --b=c & source <(d e)"), [["a", "--b=c"], ["d", "e"], ["source", "$…"]]);
  assertEquals(proxyWords(["sudo", "A=b", "./dist/tcpproxy", "check"]), ["check"]);
  assertEquals(proxyWords(["deno", "run", "--allow-net", "main.ts", "-c", "f"]), ["-c", "f"]);
  assertEquals(proxyWords(["npx", "-y", "tcpproxy", "demo"]), ["demo"]);
  assertEquals(proxyWords(["echo", "tcpproxy"]), undefined);
  assertEquals(taskOf(["npx", "-y", "deno@2.9.6", "task", "--quiet", "demo"]), "demo");
});

Deno.test("commandsOf: reads any text", () => {
  fc.assert(fc.property(anyText(), (text) => void commandsOf(text)));
});
