/**
 * Every `console` block does what the page says: its commands are run, in the page's order, in a folder that holds
 * the page's files (`yaml NAME`).
 *
 * @module
 */
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { missingTools } from "../helpers/programs/tools.ts";
import { consoleSteps } from "./console_block.ts";
import { ConsoleError, ConsoleSession } from "./console_session.ts";
import { matchesLine } from "./expected_line.ts";
import type { Page } from "./markdown.ts";
import { readPages } from "./pages.ts";

const MISSING = missingTools("bash", "nc", "curl");

for (const page of readPages().values()) {
  if (!page.blocks.some(({ language }) => language === "console")) continue;
  Deno.test({
    name: `docs: ${page.path} does what it says${MISSING.length > 0 ? ` (needs ${MISSING.join(", ")})` : ""}`,
    ignore: MISSING.length > 0,
    fn: () => play(page),
  });
}

/** Does all of a page. */
async function play({ path, text, blocks }: Page): Promise<void> {
  const ports = /<!-- ports: ([\d ]+) -->/.exec(text)?.[1]?.split(" ") ?? [];
  await using session = await ConsoleSession.start(ports);
  for (const { line, language, info: [name], text } of blocks) {
    if (language === "console") {
      for (const step of consoleSteps(text)) {
        try {
          await session.run(step);
        } catch (error) {
          throw error instanceof ConsoleError
            ? new ConsoleError(`${path}:${line}: ${error.message}`, { cause: error })
            : error;
        }
      }
    } else if (name !== undefined && /^[\w-]+\.\w+$/.test(name)) await session.write(name, text);
  }
}

Deno.test({
  name: "ConsoleSession: accepts what is printed, and refuses what is not",
  ignore: MISSING.length > 0,
  fn: async () => {
    await using session = await ConsoleSession.start([]);
    await session.write("a.txt", "one\ntwo\n");
    await session.run({ command: "cat a.txt", expected: ["one", "two"] });
    await session.run({ command: "(echo late) &", expected: ["late"] });
    await assertRejects(
      () => session.run({ command: "cat a.txt", expected: ["one"] }),
      ConsoleError,
      "prints also:\ntwo",
    );
  },
});

Deno.test("consoleSteps: commands go on after > and have what stands below them", () => {
  assertEquals(consoleSteps("$ a \\\n> b\nc\n\n$ d\n"), [
    { command: "a \\\nb", expected: ["c", ""] },
    { command: "d", expected: [] },
  ]);
  assertThrows(() => consoleSteps("a\n"), SyntaxError);
});

Deno.test("matchesLine: times, lengths, ephemeral ports and … may differ, nothing else", () => {
  const line = "2026-03-01T12:00:00.000Z web 127.0.0.1:51234 -> h:80 in 2.1 ms";
  assert(matchesLine(line, "2027-04-02T13:01:01.123Z web 127.0.0.1:40000 ->  h:80 in 15 ms"));
  assert(!matchesLine(line, "2027-04-02T13:01:01.123Z web 127.0.0.1:40000 -> h:81 in 15 ms"));
  assert(!matchesLine(line, "2027-04-02T13:01:01.123Z api 127.0.0.1:40000 -> h:80 in 15 ms"));
  assert(matchesLine("a … (z)", "a b.c (z)"));
  assert(!matchesLine("a … (z)", "a b.c z"));
});
