import { assert } from "@std/assert";
import { PEERS } from "./peers/peers.ts";

/** Enough for each difference that is explained to come up; `deno task fuzz:peers` compares thousands. */
const OPTIONS = { inputs: 200, seed: 1 };

for (const { name, missing, run } of PEERS) {
  Deno.test({
    name: `peers: ${name}: every difference is one that docs/fuzzing.md explains${
      missing.length === 0 ? "" : ` (ignored: ${missing.join(", ")} not found)`
    }`,
    ignore: missing.length > 0,
    fn: async () => {
      const { same, accepted, unexplained } = await run(OPTIONS);
      assert(unexplained.length === 0, unexplained.join("\n"));
      assert(same > OPTIONS.inputs / 2 && accepted > 0, `only ${same} are the same, ${accepted} accepted`);
    },
  });
}
