import type { Config } from "../../config/mod.ts";
import { nativeProblem } from "../../net/mod.ts";

/** Which sockets carry connections. */
export interface ServingEngine {
  readonly name: "runtime" | "native";
  /** Why `auto` is not the native engine; `undefined` where nothing stands in its way. */
  readonly why: string | undefined;
}

/** Chooses the engine: `auto` is the native one where it can run. */
export function servingEngine({ engine }: Pick<Config, "engine">): ServingEngine {
  if (engine !== "auto") return { name: engine, why: undefined };
  const why = nativeProblem() ?? threadProblem();
  return { name: why === undefined ? "native" : "runtime", why };
}

/** Why this process cannot start threads; a compiled program has their files within. */
function threadProblem(): string | undefined {
  const program = new URL("../../..", import.meta.url);
  if (Deno.build.standalone || program.protocol !== "file:") return undefined;
  return Deno.permissions.querySync({ name: "read", path: program }).state === "granted"
    ? undefined
    : "its threads load the program's files; add --allow-read";
}
