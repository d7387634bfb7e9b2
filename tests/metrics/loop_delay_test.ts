import { assertEquals } from "@std/assert";
import { LoopDelay } from "../../lib/metrics/mod.ts";

Deno.test("LoopDelay: counts how late each tick comes, and nothing once it is disposed of", () => {
  let nowMs = 0;
  const ticks: (() => void)[] = [];
  let everyMs = 0;
  const delay = new LoopDelay({
    nowMs: () => nowMs,
    repeat: (run, ms) => {
      ticks.push(run);
      everyMs = ms;
      return () => void ticks.pop();
    },
  });
  const tick = (lateMs: number): void => {
    nowMs += everyMs + lateMs;
    ticks[0]?.();
  };
  tick(0);
  tick(80);
  tick(3);
  const { counts, bounds, max } = delay.snapshot();
  assertEquals(max, 80);
  const found = counts.flatMap((count, bucket) => count === 0 ? [] : [[bounds[bucket], count]]);
  assertEquals(found, [[1, 1], [5, 1], [100, 1]]);
  delay[Symbol.dispose]();
  assertEquals(ticks.length, 0);
});
