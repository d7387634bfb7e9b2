import { SpareThread } from "../../workers/spare_thread.ts";
import type { Config } from "../../config/mod.ts";
import { servingEngine } from "./engine_choice.ts";

/**
 * Starts the thread of the first worker, if the engine will be the native one as far as is known: it loads its modules
 * while this thread still reads the config, and that is half the time of a start.
 *
 * @param engine what the command line says; default is what the config may say.
 */
export function startSpareThread(engine: Config["engine"] = "auto"): SpareThread | undefined {
  return servingEngine({ engine }).name === "native" ? new SpareThread() : undefined;
}
