import { assertEquals } from "@std/assert";
import { slowStartStepMs, slowStartWeight } from "../../lib/pool/slow_start.ts";

Deno.test("slowStartWeight: climbs linearly from a tenth to all", () => {
  assertEquals([0, 10_000, 20_000, 30_000, 40_000].map((ms) => slowStartWeight(10, ms, 30_000)), [
    1,
    4,
    7,
    10,
    10,
  ]);
});

Deno.test("slowStartWeight: without a slow start the weight is whole at once", () => {
  assertEquals([slowStartWeight(3, 0, 0), slowStartWeight(3, 0, Infinity)], [3, 3]);
});

Deno.test("slowStartWeight: weight 0 stays 0", () => {
  assertEquals(slowStartWeight(0, 15_000, 30_000), 0);
});

Deno.test("slowStartStepMs: twenty steps a slow start", () => {
  assertEquals(slowStartStepMs(30_000), 1500);
});
