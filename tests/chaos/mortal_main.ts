/**
 * The program, whose first worker dies at SIGWINCH: no signal from outside reaches a single thread.
 *
 * @module
 */
import { runCli } from "../../lib/cli/mod.ts";
import { MORTAL, withMortals } from "../workers/threads/mortals.ts";

async function main(): Promise<void> {
  let code = 0;
  await withMortals(async (kill) => {
    const mortal = globalThis.Worker;
    globalThis.Worker = class extends mortal {
      constructor(_specifier: string | URL, options?: WorkerOptions) {
        super(MORTAL, options);
      }
    };
    Deno.addSignalListener("SIGWINCH", () => kill(0));
    code = await runCli(Deno.args);
  });
  Deno.exit(code);
}

if (import.meta.main) void main();
