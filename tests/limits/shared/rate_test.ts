import { assertEquals, assertStrictEquals } from "@std/assert";
import fc from "fast-check";
import { SharedRate, TokenBucket } from "../../../lib/limits/mod.ts";

Deno.test("SharedRate: a second's worth at once, then one at a time", () => {
  const rate = new SharedRate(SharedRate.allocate(), { ratePerSecond: 2 });
  assertEquals([0, 0, 0, 499, 500, 501].map((nowMs) => rate.tryTake(nowMs)), [
    true,
    true,
    false,
    false,
    true,
    false,
  ]);
  assertStrictEquals(rate.waitMs(600), 400);
});

Deno.test("SharedRate: threads spend from one budget", () => {
  const memory = SharedRate.allocate();
  const [one, other] = [0, 1].map(() => new SharedRate(memory, { ratePerSecond: 2 }));
  assertEquals([one?.tryTake(5), other?.tryTake(5), one?.tryTake(5), other?.tryTake(5)], [
    true,
    true,
    false,
    false,
  ]);
});

Deno.test("SharedRate: admits what the token bucket does, at any times", () => {
  fc.assert(fc.property(
    fc.array(fc.tuple(fc.nat({ max: 1500 }), fc.boolean()), { maxLength: 80 }),
    fc.constantFrom(1 / 4, 1, 2, 4, 8, 50),
    fc.constantFrom({}, { burst: 1 }, { burst: 7 }),
    (steps, ratePerSecond, burst) => {
      const bucket = new TokenBucket({ ratePerSecond, ...burst }, 0);
      const rate = new SharedRate(SharedRate.allocate(), { ratePerSecond, ...burst });
      let nowMs = 0;
      for (const [gapMs, isRefused] of steps) {
        nowMs += gapMs;
        const isTaken = bucket.tryTake(nowMs);
        assertStrictEquals(rate.tryTake(nowMs), isTaken, `at ${nowMs} ms`);
        if (!isTaken || !isRefused) continue;
        bucket.giveBack();
        rate.giveBack();
      }
    },
  ));
});

Deno.test("SharedRate: waiting for waitMs suffices", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5000 }), fc.nat({ max: 10_000 }), (ratePerSecond, startMs) => {
      const rate = new SharedRate(SharedRate.allocate(), { ratePerSecond, burst: 1 });
      let nowMs = startMs;
      for (let i = 0; i < 20; i++) {
        nowMs += rate.waitMs(nowMs);
        assertStrictEquals(rate.tryTake(nowMs), true);
      }
    }),
  );
});
