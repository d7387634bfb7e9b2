import type { Config } from "./model/config.ts";

/** Which sockets carry connections. `auto` is the runtime's as long as the native ones are experimental. */
export function engineOf({ engine }: Pick<Config, "engine">): "runtime" | "native" {
  return engine === "native" ? "native" : "runtime";
}
