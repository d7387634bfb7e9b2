import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { programRuntime } from "../helpers/programs/program.ts";
import { missingTools } from "../helpers/programs/tools.ts";
import { reloadUnderLoad } from "./reload_load.ts";

const missing = Deno.build.os === "linux" ? missingTools("wrk", "nginx", "openssl") : ["Linux"];

/** The compiled program may run on a runtime that cannot end TLS. */
function hasTls(): boolean {
  const [major = 0, minor = 0] = programRuntime().split(".").map(Number);
  return major > 2 || (major === 2 && minor >= 9);
}

// The proof at length is a task of its own: deno task proof:reload.
for (const workers of [1, 2]) {
  const name = `reloads under load lose nothing (workers: ${workers})`;
  Deno.test({
    name: missing.length === 0 ? name : `${name} (ignored: missing ${missing.join(", ")})`,
    ignore: missing.length > 0,
    fn: async () => {
      const report = await reloadUnderLoad({ seconds: 4, reloads: 6, workers, tls: hasTls() });
      assertEquals(report.refused, []);
      assertEquals(report.failures, []);
      assertStrictEquals(report.failedRequests, 0, JSON.stringify(report));
      assert(report.requests > 0 && report.transferred > 0 && report.passing === 3, JSON.stringify(report));
      const { accepted, ended, logged } = report;
      assertEquals([ended, logged], [accepted, accepted], JSON.stringify(report));
    },
  });
}
