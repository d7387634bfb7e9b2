/**
 * Writes `docs/commands.md` from the commands themselves: `deno run --allow-write=docs tools/generate_commands.ts`. A test
 * compares the file with it.
 *
 * @module
 */
import { COMMANDS } from "../lib/cli/commands/mod.ts";
import { commandHelp, generalHelp } from "../lib/cli/help.ts";
import { plainLine } from "../lib/cli/terminal/line.ts";
import { helpLines } from "../lib/cli/top/screen/help.ts";

const HEAD = `# Commands

<!-- Written by tools/generate_commands.ts from the commands. Change the command, then run it. -->`;

/** What all commands have in common, in Markdown. */
export const COMMANDS_INTRODUCTION =
  `Results go to stdout, errors to stderr. The exit code is 0 when it is done, 1 when it failed while running (a
port in use, a proxy that does not answer), 2 when the command line or the config is wrong. With \`--json\`,
what a script reads is JSON. Colours are for terminals alone, and not where \`NO_COLOR\` is set.

\`source <(tcpproxy completions bash)\` (or zsh, fish) completes commands, flags, and the names of what runs:
apps, targets, sessions.`;

/** The help screen of `tcpproxy top`. */
const TOP_KEYS = helpLines({ columns: 100, rows: Infinity }).map(plainLine).join("\n");

/** Returns all of `docs/commands.md`. */
export function commandsReference(): string {
  const parts = [
    HEAD,
    COMMANDS_INTRODUCTION,
    fenced(generalHelp(COMMANDS)),
    ...COMMANDS.flatMap((command) => [
      `## ${command.name}`,
      fenced(commandHelp(command)),
      ...(command.name === "top" ? [fenced(TOP_KEYS)] : []),
    ]),
  ];
  return `${parts.join("\n\n")}\n`;
}

function fenced(text: string): string {
  return ["```text", text, "```"].join("\n");
}

if (import.meta.main) {
  Deno.writeTextFileSync(new URL("../docs/commands.md", import.meta.url), commandsReference());
}
