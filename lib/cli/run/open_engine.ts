import type { Config } from "../../config/mod.ts";
import type { Logger } from "../../log/mod.ts";
import { StartError } from "../../proxy/mod.ts";
import { type NativeStart, startNative } from "../handover/native_start.ts";
import type { ServingEngine } from "./engine_choice.ts";

/**
 * Opens the engine's sockets; `undefined` for the runtime's, which `auto` falls back to.
 *
 * @throws {StartError} where `engine: native` is not available, or a passed socket cannot be used.
 */
export async function openEngine(
  { engine }: Pick<Config, "engine">,
  { name }: ServingEngine,
  log: Logger,
): Promise<NativeStart | undefined> {
  if (name === "runtime") return undefined;
  try {
    return await startNative(log);
  } catch (error) {
    if (engine !== "auto" || !(error instanceof StartError)) throw error;
    log.warning("{error}; the runtime's sockets serve instead", { error: error.message });
    return undefined;
  }
}
