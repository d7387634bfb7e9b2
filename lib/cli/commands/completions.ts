import { type Command, type CommandArgs, UsageError } from "../command.ts";
import { completionScript, isShell, SHELLS } from "../completion_script.ts";
import { EXIT } from "../exit_code.ts";
import type { Io } from "../io.ts";
import { suggestion } from "../_suggest.ts";

/** `tcpproxy completions`: what a shell needs to complete commands and flags. */
export const completions: Command = {
  name: "completions",
  summary: "Print the completion script of a shell",
  usage: "bash|zsh|fish",
  arity: [1, 1],
  choices: SHELLS,
  flags: [],
  example: "source <(tcpproxy completions bash)",
  run: printCompletions,
};

async function printCompletions(args: CommandArgs, io: Io): Promise<number> {
  const [shell = ""] = args.positionals;
  if (!isShell(shell)) {
    throw new UsageError(`the shell is "${shell}", bash, zsh or fish was wanted${suggestion(shell, SHELLS)}`);
  }
  // Not above: the table holds this command too.
  const { COMMANDS } = await import("./mod.ts");
  await io.print(completionScript(shell, COMMANDS));
  return EXIT.done;
}
