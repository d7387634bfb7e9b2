import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { hasLinuxSockets } from "../helpers/connections/linux_transport.ts";
import { missingTools } from "../helpers/programs/tools.ts";
import { upgradeUnderLoad } from "./upgrade_load.ts";

const missing = hasLinuxSockets ? missingTools("wrk", "nginx") : ["Linux"];
const name = "upgrades under load lose nothing";

// The proof at length is a task of its own: deno task proof:upgrade.
Deno.test({
  name: missing.length === 0 ? name : `${name} (ignored: missing ${missing.join(", ")})`,
  ignore: missing.length > 0,
  fn: async () => {
    const report = await upgradeUnderLoad({ upgrades: 3, workers: 2 });
    const text = JSON.stringify(report);
    assertEquals(report.failures, []);
    assertStrictEquals(report.failedRequests, 0, text);
    assertStrictEquals(report.failedScrapes, 0, text);
    assertStrictEquals(report.processes, 4, text);
    assert(report.requests > 0 && report.streams >= 3 && report.scrapes > 0, text);
    const { accepted, ended, logged } = report;
    assertEquals([ended, logged], [accepted, accepted], text);
  },
});
