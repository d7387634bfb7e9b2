import type { Config } from "./model/config.ts";

/** Which sockets a config needs at least: `auto` takes the native ones where it can, and can do without them. */
export function engineOf({ engine }: Pick<Config, "engine">): "runtime" | "native" {
  return engine === "native" ? "native" : "runtime";
}
