import { type Command, type CommandArgs, UsageError } from "../../command.ts";
import { completionScript, isShell, SHELLS } from "../../completion/completion_script.ts";
import { EXIT } from "../../exit_code.ts";
import type { Io } from "../../io.ts";
import { suggestion } from "../../suggestion.ts";

/** `tcpproxy completions`: what a shell needs to complete commands and flags. It is one of the commands itself. */
export function completions(commands: () => readonly Command[]): Command {
  return {
    name: "completions",
    summary: "Print the completion script of a shell",
    usage: "bash|zsh|fish",
    arity: [1, 1],
    choices: SHELLS,
    flags: [],
    example: "source <(tcpproxy completions bash)",
    run: (args, io) => printCompletions(args, io, commands()),
  };
}

async function printCompletions(args: CommandArgs, io: Io, commands: readonly Command[]): Promise<number> {
  const [shell = ""] = args.positionals;
  if (!isShell(shell)) {
    throw new UsageError(`the shell is "${shell}"; expected bash, zsh or fish${suggestion(shell, SHELLS)}`);
  }
  await io.print(completionScript(shell, commands));
  return EXIT.done;
}
