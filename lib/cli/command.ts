import type { Io } from "./io.ts";

/** One flag of a command. `--help` belongs to every command and is not listed. */
export interface Flag {
  /** Without the dashes. */
  readonly name: string;
  /** One letter, without the dash. */
  readonly short?: string;
  /** What stands for the flag's value in help; absent for a flag that is on or off. */
  readonly value?: string;
  readonly summary: string;
  /** What its value may be, where that is a fixed set: for completions. */
  readonly choices?: readonly string[];
  /** What of a running proxy its value names: for completions. */
  readonly dynamic?: Dynamic;
}

/** What of a running proxy a word may name. */
export type Dynamic = "app" | "target" | "session";

/** What the command line gave to a command. */
export interface CommandArgs {
  readonly positionals: readonly string[];
  /** The value of a flag that takes one; `undefined` when it was not given. */
  text(name: string): string | undefined;
  /** Whether a flag that is on or off is on. */
  on(name: string): boolean;
}

/** One thing that the program does. Help, parsing, suggestions and completions are derived from these fields alone. */
export interface Command {
  readonly name: string;
  /** One line, without a full stop. */
  readonly summary: string;
  /** What follows the name: `PORT…`. */
  readonly usage: string;
  /** What help says beyond the summary. */
  readonly details?: string;
  /** The fewest and the most words that may follow the name. */
  readonly arity: readonly [least: number, most: number];
  /** What of a running proxy the first words name; the last of them may come again where more words may: for completions. */
  readonly dynamic?: readonly Dynamic[];
  /** What the words behind those may be, where they are of a fixed set: for completions. */
  readonly choices?: readonly string[];
  readonly flags: readonly Flag[];
  /** Lines that may be typed as they are. */
  readonly example: string;

  /**
   * Does it, and gives the exit code.
   *
   * @throws {UsageError} when what was asked for makes no sense; `ConfigError` for a config that cannot be used.
   */
  run(args: CommandArgs, io: Io): Promise<number>;
}

/** A command line that cannot be followed: said with a hint at the command's help, exit code 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** The flag of every command that reads a config. */
export const CONFIG_FLAG: Flag = {
  name: "config",
  short: "c",
  value: "FILE",
  summary: "The config; default ./config.yaml, ./config.yml or ./config.json",
};
