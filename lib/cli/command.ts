import type { Io } from "./io.ts";

/** One flag of a command. `--help` belongs to every command and is not listed. */
export interface Flag {
  /** Without the dashes. */
  readonly name: string;
  /** One letter, without the dash. */
  readonly short?: string;
  /** The placeholder of the flag's value in help; absent for a switch. */
  readonly value?: string;
  readonly summary: string;
  /** Its allowed values, where the set is fixed: for completions. */
  readonly choices?: readonly string[];
  /** The kind of thing in a running proxy that its value names: for completions. */
  readonly dynamic?: Dynamic;
}

/** A kind of thing in a running proxy that a word names. */
export type Dynamic = "app" | "target" | "session";

/** The arguments of a command. */
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
  /** The usage after the name: `PORT…`. */
  readonly usage: string;
  /** The help text after the summary. */
  readonly details?: string;
  /** The fewest and the most words that may follow the name. */
  readonly arity: readonly [least: number, most: number];
  /** The kinds of things in a running proxy that the first words name; the last may repeat: for completions. */
  readonly dynamic?: readonly Dynamic[];
  /** The allowed words after those, where the set is fixed: for completions. */
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
