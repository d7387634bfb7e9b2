/**
 * The program: `tcpproxy`, or `deno run --allow-net main.ts`.
 *
 * @module
 */
import { runCli } from "./lib/cli/mod.ts";

if (import.meta.main) {
  // deno-lint-ignore no-top-level-await -- the one place where the program is waited for
  Deno.exit(await runCli(Deno.args));
}
