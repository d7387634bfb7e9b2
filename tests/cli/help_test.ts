import { assert, assertEquals } from "@std/assert";
import { COMMANDS, HIDDEN_COMMANDS } from "../../lib/cli/commands/mod.ts";
import { commandHelp, generalHelp } from "../../lib/cli/help.ts";
import { commandsReference } from "../../tools/generate_commands.ts";

/** What fits on a terminal of 120 columns, which help is written for. */
const MAX_WIDTH = 120;

Deno.test("docs/commands.md: is what the commands say", () => {
  const written = Deno.readTextFileSync(new URL("../../docs/commands.md", import.meta.url));
  assertEquals(commandsReference(), written, "run: deno run --allow-write=docs tools/generate_commands.ts");
});

Deno.test("help: no line is too long, every flag says what it is, and every command has an example of itself", () => {
  for (const command of COMMANDS) {
    const text = commandHelp(command);
    for (const line of text.split("\n")) {
      assert(line.length <= MAX_WIDTH, `${command.name}: ${line.length}: ${line}`);
    }
    assert(
      command.example.split("\n").some((line) => line.includes(`tcpproxy ${command.name}`)),
      command.name,
    );
    assert(!command.summary.endsWith("."), command.name);
    for (const { name, summary } of command.flags) assert(summary !== "", `${command.name} --${name}`);
  }
  for (const line of generalHelp(COMMANDS).split("\n")) assert(line.length <= MAX_WIDTH, line);
});

Deno.test("help: lists no hidden command", () => {
  for (const { name } of HIDDEN_COMMANDS) assert(!generalHelp(COMMANDS).includes(name));
});
