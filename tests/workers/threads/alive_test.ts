import { assertEquals } from "@std/assert";
import { WorkerProxy } from "../../../lib/workers/mod.ts";
import { withPlane } from "../../helpers/proxy/plane.ts";
import { echo, TestTarget } from "../../helpers/targets.ts";

for (
  const [what, module, expected] of [["all answer", undefined, true], [
    "one is hung",
    "hung_entry.ts",
    false,
  ]] as const
) {
  Deno.test(`WorkerProxy.isAlive: workers of which ${what}`, async () => {
    await using target = new TestTarget(echo);
    const options = module === undefined ? {} : { module: new URL(module, import.meta.url) };
    await withPlane(
      (config, observer) => WorkerProxy.start(config, { workers: 2, observer, ...options }),
      { apps: [{ targets: [target.address] }] },
      async ({ control }) => assertEquals(await control.isAlive(expected ? 10_000 : 200), expected),
    );
  });
}
