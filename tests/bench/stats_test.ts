import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { median, percentile, roundRatios, summarize } from "../../bench/report/stats.ts";

Deno.test("median: the middle value of an odd count", () => assertEquals(median([9, 1, 5]), 5));

Deno.test("median: the mean of the two middle values of an even count", () => {
  assertEquals(median([4, 1, 3, 100]), 3.5);
});

Deno.test("median: no value is refused", () => {
  assertThrows(() => median([]), RangeError, "expected at least one");
});

Deno.test("median: leaves the order of its input alone", () => {
  const values = [3, 1, 2];
  median(values);
  assertEquals(values, [3, 1, 2]);
});

Deno.test("percentile: nearest rank in a thousand values", () => {
  const values = Float64Array.from({ length: 1000 }, (_, index) => index + 1);
  assertEquals([0, 0.5, 0.99, 0.999, 1].map((each) => percentile(values, each)), [1, 500, 990, 999, 1000]);
});

Deno.test("percentile: at least that share of the values is not above it, and one less is too few", () => {
  fc.assert(fc.property(
    fc.array(fc.integer(), { minLength: 1, maxLength: 50 }),
    fc.integer({ min: 1, max: 100 }),
    (values, percent) => {
      const ascending = values.toSorted((a, b) => a - b);
      const found = percentile(ascending, percent / 100);
      const upTo = ascending.filter((each) => each <= found).length;
      const below = ascending.filter((each) => each < found).length;
      return upTo * 100 >= percent * ascending.length && below * 100 < percent * ascending.length;
    },
  ));
});

Deno.test("summarize: median and both ends", () => {
  assertEquals(summarize([2, 8, 3]), { median: 3, min: 2, max: 8 });
});

Deno.test("roundRatios: each value against the base of its own round", () => {
  assertEquals(roundRatios([10, 30, 8], [5, 10, 8]), [2, 3, 1]);
});

Deno.test("roundRatios: a round without value, without base or with base zero is left out", () => {
  assertEquals(roundRatios([undefined, 3, 4, 6], [1, undefined, 0, 2]), [3]);
});
