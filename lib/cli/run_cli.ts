import { errorMessage } from "../base/mod.ts";
import { type Command, UsageError } from "./command.ts";
import { COMMANDS, HIDDEN_COMMANDS } from "./commands/mod.ts";
import { EXIT } from "./exit_code.ts";
import { commandHelp, generalHelp } from "./help.ts";
import { type Io, processIo } from "./io.ts";
import { parseCommandLine } from "./parse_args.ts";
import { suggestion } from "./suggestion.ts";
import { currentBuild, versionLine } from "./version.ts";

/**
 * Does what the command line says and gives the exit code: 0 done, 1 it failed while running, 2 usage or
 * configuration. Never rejects; all that was printed or logged is written when it resolves.
 */
export async function runCli(words: readonly string[], io: Io = processIo): Promise<number> {
  try {
    return await dispatch(words, io);
  } catch (error) {
    return await explain(error, io);
  }
}

async function dispatch(words: readonly string[], io: Io): Promise<number> {
  const [first, ...rest] = words;
  if (first === "--version" || first === "-V") return await say(io, versionLine(currentBuild()));
  if (first === "--help" || first === "-h") return await say(io, generalHelp(COMMANDS));
  if (first === "help") return await help(rest, io);
  // The command that a service manager starts needs no name: `tcpproxy -c FILE`.
  if (first === undefined || first.startsWith("-")) return await perform(commandNamed("run"), words, io);
  return await perform(commandNamed(first), rest, io);
}

async function perform(command: Command, words: readonly string[], io: Io): Promise<number> {
  try {
    const parsed = parseCommandLine(command, words);
    if (parsed.kind === "help") return await say(io, commandHelp(command));
    return await command.run(parsed.args, io);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    await io.complain(`${error.message}\nTry: tcpproxy help ${command.name}`);
    return EXIT.usage;
  }
}

async function help(words: readonly string[], io: Io): Promise<number> {
  const [name, extra] = words;
  if (extra !== undefined) {
    throw new UsageError(
      `"help" takes one command, and got "${extra}" too; expected tcpproxy help [COMMAND]`,
    );
  }
  const isGeneral = name === undefined || name === "help" || name.startsWith("-");
  return await say(io, isGeneral ? generalHelp(COMMANDS) : commandHelp(commandNamed(name)));
}

function commandNamed(name: string): Command {
  const command = [...COMMANDS, ...HIDDEN_COMMANDS].find((command) => command.name === name);
  if (command !== undefined) return command;
  const known = [...COMMANDS.map((command) => command.name), "help"];
  const asFile = /[./\\]/.test(name) ? `, did you mean "tcpproxy run -c ${name}"?` : suggestion(name, known);
  throw new UsageError(`there is no command "${name}"${asFile}`);
}

async function say(io: Io, text: string): Promise<number> {
  await io.print(text);
  return EXIT.done;
}

/** Reports an unhandled error and returns its exit code. */
async function explain(error: unknown, io: Io): Promise<number> {
  if (error instanceof UsageError) {
    await io.complain(`${error.message}\nTry: tcpproxy --help`);
    return EXIT.usage;
  }
  // By name: importing the config room costs its schema, which a command that reads no config need not pay.
  if (error instanceof Error && error.name === "ConfigError") {
    await (hasPlace(error) ? io.report(error.message) : io.complain(error.message));
    return EXIT.usage;
  }
  const expected = error instanceof Error && EXPECTED_FAILURES.has(error.name);
  await io.complain(
    expected || !(error instanceof Error) ? errorMessage(error) : error.stack ?? error.message,
  );
  return EXIT.failed;
}

/** Whether the lines of a config's error begin with places. */
function hasPlace(error: Error & { problems?: readonly { readonly line?: number }[] }): boolean {
  return error.problems?.some(({ line }) => line !== undefined) ?? false;
}

/** Failures whose message is enough; any other is shown with its stack. */
const EXPECTED_FAILURES: ReadonlySet<string> = new Set([
  "StartError",
  "ListenError",
  "LogOpenError",
  "AdminClientError",
  "ViewError",
  "OutputError",
]);
