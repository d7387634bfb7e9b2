import type { ColorChoice } from "../../log/mod.ts";
import { suggestion } from "../suggestion.ts";
import { type CommandArgs, type Flag, UsageError } from "../command.ts";

/** As the log room has them, which is not loaded for every command. */
const CHOICES: readonly ColorChoice[] = ["auto", "always", "never"];

/** The flag of every command that writes a log. */
export const COLOR_FLAG: Flag = {
  name: "color",
  value: "WHEN",
  summary: "Colour the log: auto (on a terminal, unless NO_COLOR is set; the default), always or never",
};

/**
 * Reads the flag.
 *
 * @throws {UsageError} when it is none of the choices.
 */
export function colorChoice(args: CommandArgs): ColorChoice {
  const given = args.text("color") ?? "auto";
  const choice = CHOICES.find((each) => each === given);
  if (choice !== undefined) return choice;
  throw new UsageError(
    `--color is "${given}"; expected ${CHOICES.join(", ")}${suggestion(given, CHOICES)}`,
  );
}
