import { parseArgs } from "@std/cli/parse-args";
import { type Command, type CommandArgs, type Flag, UsageError } from "./command.ts";
import { suggestion } from "./suggestion.ts";

/** The flag that every command has. */
export const HELP_FLAG: Flag = { name: "help", short: "h", summary: "Show this" };

/** A command line that was read: what the command is given, or a request for its help. */
export type ParsedCommandLine = { readonly kind: "help" } | {
  readonly kind: "args";
  readonly args: CommandArgs;
};

/**
 * Reads what follows a command's name, strictly: what is not known is an error.
 *
 * @throws {UsageError} for an unknown flag, a flag without its value, or too few or too many words.
 */
export function parseCommandLine(command: Command, words: readonly string[]): ParsedCommandLine {
  const flags = [...command.flags, HELP_FLAG];
  const unknown: string[] = [];
  const parsed = parseArgs([...words], {
    // "_" keeps words as they were typed: "5001" is not yet a number.
    string: ["_", ...flags.filter((flag) => flag.value !== undefined).map((flag) => flag.name)],
    boolean: flags.filter((flag) => flag.value === undefined).map((flag) => flag.name),
    alias: Object.fromEntries(flags.flatMap(({ name, short }) => short === undefined ? [] : [[short, name]])),
    unknown: (word: string, key?: string) => {
      if (key !== undefined) unknown.push(word);
      return key === undefined;
    },
  });
  const given: Record<string, unknown> = parsed;
  if (given.help === true) return { kind: "help" };
  checkFlags(command, unknown, given);
  const positionals = parsed._.map(String);
  checkArity(command, positionals);
  return {
    kind: "args",
    args: {
      positionals,
      text: (name) => typeof given[name] === "string" ? given[name] : undefined,
      on: (name) => given[name] === true,
    },
  };
}

function checkFlags(command: Command, unknown: readonly string[], given: Record<string, unknown>): void {
  const [first] = unknown;
  if (first !== undefined) {
    const name = first.replace(/=.*$/s, "");
    const known = [...command.flags, HELP_FLAG].map((flag) => `--${flag.name}`);
    throw new UsageError(`"${command.name}" has no flag "${name}"${suggestion(name, known)}`);
  }
  for (const flag of command.flags) {
    if (flag.value !== undefined && given[flag.name] === "") {
      throw new UsageError(`"--${flag.name}" needs a value: --${flag.name} ${flag.value}`);
    }
  }
}

function checkArity(command: Command, positionals: readonly string[]): void {
  const [least, most] = command.arity;
  const usage = `tcpproxy ${command.name} ${command.usage}`.trim();
  if (positionals.length < least) {
    throw new UsageError(`"${command.name}" needs more arguments: ${usage}`);
  }
  if (positionals.length > most) {
    throw new UsageError(
      `"${command.name}" takes no argument "${positionals[most]}": ${usage}`,
    );
  }
}
