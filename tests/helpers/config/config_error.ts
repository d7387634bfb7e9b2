import { ConfigError } from "../../../lib/config/mod.ts";

/** The {@link ConfigError} that `run` throws or rejects with; anything else is thrown on, nothing is an error. */
export async function configErrorOf(run: () => unknown): Promise<ConfigError> {
  try {
    await run();
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error("the config was taken; expected a ConfigError");
}
