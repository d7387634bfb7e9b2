import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  emptyHistogram,
  Histogram,
  mergeHistograms,
  quantile,
  SESSION_BOUNDS_MS,
  spreadOf,
  WAIT_BOUNDS_MS,
} from "../../lib/metrics/mod.ts";

function histogramOf(values: readonly number[]): Histogram {
  const histogram = new Histogram([1, 10, 100]);
  for (const value of values) histogram.add(value);
  return histogram;
}

Deno.test("Histogram.add: a value on a bound is in that bound's bucket, one above all in the last", () => {
  assertEquals(histogramOf([0, 1, 1.5, 10, 100, 100.5]).snapshot(), {
    bounds: [1, 10, 100],
    counts: [2, 2, 1, 1],
    sum: 213,
    max: 100.5,
  });
});

Deno.test("Histogram.add: a negative value counts as 0", () => {
  assertEquals(histogramOf([-5]).snapshot(), { bounds: [1, 10, 100], counts: [1, 0, 0, 0], sum: 0, max: 0 });
});

Deno.test("quantile: values count as spread evenly over their bucket", () => {
  const histogram = { bounds: [1, 10, 100], counts: [0, 0, 10, 0], sum: 500, max: 100 };
  assertEquals(quantile(histogram, 0.5), 55);
  assertEquals(quantile(histogram, 0), 10);
  assertEquals(quantile(histogram, 1), 100);
});

Deno.test("quantile: is 0 without values, and never more than the largest value", () => {
  assertEquals(quantile(emptyHistogram(WAIT_BOUNDS_MS), 0.99), 0);
  assertEquals(quantile(histogramOf([3]).snapshot(), 0.99) <= 3, true);
  assertEquals(quantile(histogramOf([5000]).snapshot(), 1), 5000);
});

Deno.test("quantile: lies in the bucket of the value at that rank", () => {
  const property = fc.property(
    fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 200 }),
    fc.double({ min: 0.01, max: 1, noNaN: true }),
    (values, q) => {
      const histogram = new Histogram(SESSION_BOUNDS_MS);
      for (const value of values) histogram.add(value);
      const exact = values.toSorted((a, b) => a - b)[Math.max(0, Math.ceil(q * values.length) - 1)] ?? 0;
      const bucket = SESSION_BOUNDS_MS.findIndex((bound) => exact <= bound);
      const found = quantile(histogram.snapshot(), q);
      const upper = bucket < 0 ? Infinity : SESSION_BOUNDS_MS[bucket] ?? Infinity;
      const lower = (bucket < 0 ? SESSION_BOUNDS_MS.at(-1) : SESSION_BOUNDS_MS[bucket - 1]) ?? 0;
      assert(found >= lower && found <= upper, `${found} is not from ${lower} to ${upper}`);
    },
  );
  fc.assert(property);
});

Deno.test("mergeHistograms: is the histogram of all values", () => {
  const values = fc.array(fc.nat(1000));
  fc.assert(fc.property(values, values, (a, b) => {
    assertEquals(
      mergeHistograms(histogramOf(a).snapshot(), histogramOf(b).snapshot()),
      histogramOf([...a, ...b]).snapshot(),
    );
  }));
});

Deno.test("spreadOf: is undefined without values", () => {
  assertEquals(spreadOf(emptyHistogram([1])), undefined);
  assertEquals(spreadOf(histogramOf([4, 4]).snapshot())?.mean, 4);
});
