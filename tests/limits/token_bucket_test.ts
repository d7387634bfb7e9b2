import { assertEquals, assertLessOrEqual } from "@std/assert";
import fc from "fast-check";
import { ByteBucket, TokenBucket } from "../../lib/limits/mod.ts";

Deno.test("TokenBucket: a second's worth at once, then one by one", () => {
  const bucket = new TokenBucket({ ratePerSecond: 4 }, 1000);
  assertEquals([1, 2, 3, 4, 5].map(() => bucket.tryTake(1000)), [true, true, true, true, false]);
  assertEquals(bucket.waitMs(1000), 250);
  assertEquals([1249, 1250, 1251].map((nowMs) => bucket.tryTake(nowMs)), [false, true, false]);
});

Deno.test("TokenBucket: a returned token can be taken again, up to the burst", () => {
  const bucket = new TokenBucket({ ratePerSecond: 2 }, 0);
  bucket.giveBack();
  assertEquals([1, 2, 3].map(() => bucket.tryTake(0)), [true, true, false]);
  bucket.giveBack();
  assertEquals([1, 2].map(() => bucket.tryTake(0)), [true, false]);
});

Deno.test("TokenBucket: a rate below one per second still admits one at once", () => {
  const bucket = new TokenBucket({ ratePerSecond: 0.5 }, 0);
  assertEquals([0, 1999, 2000].map((nowMs) => bucket.tryTake(nowMs)), [true, false, true]);
});

Deno.test("TokenBucket: a pause saves no more than the burst", () => {
  const bucket = new TokenBucket({ ratePerSecond: 1000, burst: 2 }, 0);
  assertEquals([1, 2, 3].map(() => bucket.tryTake(3_600_000)), [true, true, false]);
});

Deno.test("TokenBucket: waiting for waitMs suffices, at any rate", () => {
  fc.assert(
    fc.property(fc.double({ min: 0.001, max: 1e6, noNaN: true }), fc.nat(), (ratePerSecond, beginMs) => {
      const bucket = new TokenBucket({ ratePerSecond, burst: 1 }, beginMs);
      bucket.tryTake(beginMs);
      let nowMs = beginMs;
      for (let taken = 0; taken < 5; taken++) {
        nowMs += Math.ceil(bucket.waitMs(nowMs));
        assertEquals(bucket.tryTake(nowMs), true);
      }
    }),
  );
});

Deno.test("TokenBucket: never more than burst and rate allow together", () => {
  const gaps = fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 200 });
  fc.assert(fc.property(gaps, fc.integer({ min: 1, max: 200 }), (gaps, ratePerSecond) => {
    const bucket = new TokenBucket({ ratePerSecond }, 0);
    let nowMs = 0;
    let taken = 0;
    for (const gap of gaps) {
      nowMs += gap;
      if (bucket.tryTake(nowMs)) taken++;
      assertLessOrEqual(taken, ratePerSecond + nowMs * ratePerSecond / 1000 + 1e-6);
    }
  }));
});

Deno.test("TokenBucket: any number can be taken on credit, and is paid off at the rate", () => {
  const bucket = new TokenBucket({ ratePerSecond: 1000, burst: 100 }, 0);
  assertEquals([bucket.take(100, 0), bucket.take(50, 0), bucket.take(5000, 0)], [0, 50, 5050]);
  assertEquals(bucket.take(0, 5050), 0);
  assertEquals(bucket.take(10, 5050), 10);
});

Deno.test("TokenBucket: is full until something is taken, and again once paid off", () => {
  const bucket = new TokenBucket({ ratePerSecond: 2 }, 0);
  assertEquals(bucket.isFull(0), true);
  bucket.tryTake(0);
  assertEquals([bucket.isFull(499), bucket.isFull(500)], [false, true]);
});

Deno.test("ByteBucket: a tenth of a second's worth at once, then the rate", () => {
  const fast = new ByteBucket(100_000, 0);
  assertEquals([fast.take(10_000, 0), fast.take(10_000, 0)], [0, 100]);
  const slow = new ByteBucket(100, 0);
  assertEquals([slow.take(10, 0), slow.take(100, 0)], [0, 1000]);
});
