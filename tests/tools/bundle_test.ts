import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import {
  BUNDLED_ENTRY,
  BUNDLED_WORKER_MODULES,
  BundleError,
  withWorkerReference,
} from "../../tools/bundle.ts";
import { compilation } from "../../tools/compile_plan.ts";

Deno.test("withWorkerReference: the bundle's own file takes the place of the source, which must be there once", () => {
  assertEquals(
    withWorkerReference('new URL("./worker/entry.ts", import.meta.url)', "./w.js"),
    'new URL("./w.js", import.meta.url)',
  );
  assertStrictEquals(
    withWorkerReference("// lib/workers/worker/entry.ts", "./w.js"),
    "// lib/workers/worker/entry.ts",
  );
  const twice = 'a("./worker/entry.ts"); b("./worker/entry.ts")';
  assertThrows(() => withWorkerReference(twice, "./w.js"), BundleError, "is there 2 times");
});

Deno.test("the source that starts workers names their module as a bundle expects", async () => {
  const source = await Deno.readTextFile(new URL("../../lib/workers/spare_thread.ts", import.meta.url));
  assertStrictEquals(withWorkerReference(source, "./w.js") === source, false);
});

Deno.test("compilation: of a bundle, begins with its entry and includes its workers' module", () => {
  const modules = { entry: BUNDLED_ENTRY, workers: BUNDLED_WORKER_MODULES };
  const { args } = compilation("linux", undefined, modules);
  assertEquals(args.at(-1), "dist/bundle/dist/main.js");
  assertEquals(args[args.indexOf("--include") + 1], "dist/bundle/lib/workers/worker/entry.js");
});
