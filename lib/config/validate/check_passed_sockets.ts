import type { Assembly } from "../include/assembly.ts";
import type { Path, Problem } from "../report/problem.ts";
import { ListenRange } from "../schema/app/app.ts";
import { asList, type Raw } from "./raw.ts";

/** Checks entries of `listen` that name sockets of systemd: each name has one app, and the engine can use them. */
export function checkPassedSockets(
  apps: readonly Raw[],
  { engine, nameOf }: { readonly engine: unknown; readonly nameOf: Assembly["name"] },
): Problem[] {
  const problems: Problem[] = [];
  const holders = new Map<string, Path>();
  for (const [index, app] of apps.entries()) {
    for (const [at, entry] of asList(app.listen).entries()) {
      const range = ListenRange.safeParse(entry).data;
      if (range?.kind !== "systemd") continue;
      const path: Path = ["apps", index, "listen", at];
      const holder = holders.get(range.name);
      if (holder === undefined) holders.set(range.name, path);
      else {
        const other = nameOf(holder, path);
        problems.push({
          path,
          message: `the sockets "${range.name}" are taken by ${other}; give each name one app`,
        });
      }
      if (engine === "runtime") {
        problems.push({
          path,
          message: `the runtime's sockets cannot be passed ones; set "engine: native", or give an address`,
        });
      }
    }
  }
  return problems;
}
