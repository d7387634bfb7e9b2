import { assertEquals } from "@std/assert";
import type { Engine } from "../helpers/programs/proxy_process.ts";
import { BINARY } from "../helpers/programs/program.ts";
import { runSoak } from "./soak.ts";

for (const engine of ["runtime", "native"] as const satisfies readonly Engine[]) {
  Deno.test({
    name: `soak, ${engine}: mixed traffic comes back whole, and every connection is accounted for`,
    ignore: Deno.build.os !== "linux" || BINARY !== undefined,
    fn: async () => {
      // These take tens of seconds each.
      const without = ["held open", "slow reader"];
      const { faults, accepted, tallies } = await runSoak({ engine, seconds: 3, rate: 40, seed: 3, without });
      assertEquals({ faults, anything: accepted > 0 }, { faults: [], anything: true });
      assertEquals(tallies.filter(({ failed }) => failed > 0), []);
    },
  });
}
