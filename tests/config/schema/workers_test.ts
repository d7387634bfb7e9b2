import { assertEquals } from "@std/assert";
import { effectiveConfig, resolveConfig, workerCount } from "../../../lib/config/mod.ts";
import { workers } from "../../../lib/config/schema/workers.ts";

function problemOf(os: string, value: unknown): string | undefined {
  return workers(os).safeParse(value).error?.issues[0]?.message;
}

Deno.test("workers: one thread by default, and what is said is what is effective", () => {
  const apps = [{ name: "a", ports: [1], targets: ["h:1"] }];
  const one = resolveConfig({ apps }, { source: "test" });
  const auto = resolveConfig({ workers: "auto", apps }, { source: "test" });
  assertEquals([one.workers, auto.workers, effectiveConfig(auto).workers], [1, "auto", "auto"]);
});

Deno.test("workers: more than one is refused with the reason where threads cannot share a port", () => {
  assertEquals(
    [problemOf("linux", 2), problemOf("linux", 256), problemOf("darwin", 1)],
    Array(3).fill(undefined),
  );
  for (const os of ["darwin", "windows"]) {
    assertEquals(
      problemOf(os, 2),
      "the value is 2; expected 1: threads cannot share a port on this system",
    );
  }
  assertEquals(
    problemOf("linux", 257),
    "the value is 257; expected a whole number from 1 to 256, or auto",
  );
});

Deno.test("workerCount: auto is one for each core where threads can share a port, and one elsewhere", () => {
  const count = (configured: number | "auto", os: string, cores: number): number =>
    workerCount(configured, { os, cores });
  assertEquals([count("auto", "linux", 8), count("auto", "linux", 0), count("auto", "linux", 1000)], [
    8,
    1,
    256,
  ]);
  assertEquals([count("auto", "darwin", 8), count(3, "linux", 8)], [1, 3]);
});
