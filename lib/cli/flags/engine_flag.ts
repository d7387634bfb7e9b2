import type { Config } from "../../config/mod.ts";
import { type CommandArgs, type Flag, UsageError } from "../command.ts";
import { suggestion } from "../suggestion.ts";

/** As the config room has them, which is not loaded for every command. */
const CHOICES: readonly Config["engine"][] = ["auto", "runtime", "native"];

/** The flag of every command that runs a proxy. */
export const ENGINE_FLAG: Flag = {
  name: "engine",
  value: "NAME",
  summary: "What carries connections, whatever the config says: runtime, native (Linux) or auto",
};

/**
 * Returns the engine that the flag names; `undefined` where it is not given.
 *
 * @throws {UsageError} when it is none of the choices.
 */
export function engineChoice(args: CommandArgs): Config["engine"] | undefined {
  const given = args.text("engine");
  if (given === undefined) return undefined;
  const engine = CHOICES.find((each) => each === given);
  if (engine !== undefined) return engine;
  throw new UsageError(
    `--engine is "${given}"; expected ${CHOICES.join(", ")}${suggestion(given, CHOICES)}`,
  );
}

/** Returns the config with the engine that the flag names. @throws {UsageError} as {@link engineChoice}. */
export function withEngine(config: Config, args: CommandArgs): Config {
  const engine = engineChoice(args);
  return engine === undefined ? config : { ...config, engine };
}
