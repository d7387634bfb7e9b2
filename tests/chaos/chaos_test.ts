import { assertEquals } from "@std/assert";
import { BINARY } from "../helpers/programs/program.ts";
import { crowdOf, flappingTarget, resetStorm } from "./faults/peers.ts";
import { runRound } from "./round.ts";

/** A short round of what `deno task chaos` does for long: what needs neither root nor much time. */
const FAULTS = [resetStorm, flappingTarget, crowdOf(200)];

for (const engine of ["runtime", "native"] as const) {
  for (const fault of FAULTS) {
    Deno.test({
      name: `chaos, ${engine}: ${fault.name}: traffic flows again, and nothing is left`,
      ignore: Deno.build.os !== "linux" || BINARY !== undefined,
      fn: async () => {
        const options = { holdMs: 600, exchanges: 40, patienceMs: 60_000, isTimed: false };
        const { broken } = await runRound(fault, engine, options);
        assertEquals(broken, []);
      },
    });
  }
}
