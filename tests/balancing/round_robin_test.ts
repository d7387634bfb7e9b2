import { assertEquals, assertLess } from "@std/assert";
import fc from "fast-check";
import { CandidateList, tally } from "../helpers/fakes/candidate_list.ts";
import { scriptedRandom } from "../helpers/fakes/seeded_random.ts";

function roundRobin(weights: readonly number[]): CandidateList {
  return new CandidateList("round_robin", weights, { random: scriptedRandom(0) });
}

function picks(list: CandidateList, count: number): number[] {
  return Array.from({ length: count }, () => list.pick());
}

Deno.test("round_robin: equal weights take turns in the order of the list", () => {
  assertEquals(picks(roundRobin([1, 1, 1]), 9), [0, 1, 2, 0, 1, 2, 0, 1, 2]);
});

Deno.test("round_robin: starts at a random candidate, in the same order", () => {
  const list = new CandidateList("round_robin", [1, 1, 1], { random: scriptedRandom(0.7) });
  assertEquals(picks(list, 6), [2, 0, 1, 2, 0, 1]);
});

Deno.test("round_robin: spreads unequal weights instead of serving them in runs", () => {
  assertEquals(picks(roundRobin([5, 1, 1]), 14), [0, 1, 0, 0, 2, 0, 0, 0, 1, 0, 0, 2, 0, 0]);
});

Deno.test("round_robin: each candidate gets exactly its weight in every full period", () => {
  for (const weights of [[1], [1, 2, 3], [256, 1, 255, 7, 7, 0, 3], [5, 5, 5, 5], [2, 4, 6]]) {
    const list = roundRobin(weights);
    const period = weights.reduce((sum, weight) => sum + weight, 0);
    // Beyond the 256th period, where time is set back to 0.
    for (let round = 0; round < (period < 50 ? 520 : 3); round++) {
      assertEquals(tally(picks(list, period), weights.length), weights);
    }
  }
});

Deno.test("round_robin: every candidate is always less than one connection away from its exact share", () => {
  const weights = fc.array(fc.integer({ min: 1, max: 256 }), { minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(weights, (weights) => {
      const list = roundRobin(weights);
      const period = weights.reduce((sum, weight) => sum + weight, 0);
      const had = weights.map(() => 0);
      for (let served = 1; served <= period; served++) {
        const index = list.pick();
        had[index] = (had[index] ?? 0) + 1;
        for (const [each, weight] of weights.entries()) {
          assertLess(Math.abs((had[each] ?? 0) * period - served * weight), period);
        }
      }
      assertEquals(had, weights);
    }),
    { numRuns: 30 },
  );
});

Deno.test("round_robin: a thousand candidates get exactly their weights", () => {
  const weights = Array.from({ length: 1000 }, (_, index) => 1 + index % 5);
  assertEquals(tally(picks(roundRobin(weights), 3000), 1000), weights);
});

Deno.test("round_robin: the turns of an unreachable candidate are shared among all others", () => {
  const list = roundRobin([1, 1, 1, 1]);
  const answered: number[] = [];
  for (let connection = 0; connection < 300; connection++) {
    const order = list.begin(0);
    let index = order.next();
    if (index === 1) index = order.next();
    answered.push(index);
  }
  assertEquals(tally(answered, 4), [100, 0, 100, 100]);
});

Deno.test("round_robin: leaving and returning gains no turn", () => {
  const list = roundRobin([1, 1, 1]);
  const counts = [0, 0, 0];
  for (let connection = 0; connection < 300; connection++) {
    list.setAvailable(0, false);
    list.setAvailable(0, true);
    const index = list.pick();
    counts[index] = (counts[index] ?? 0) + 1;
  }
  assertEquals(counts, [100, 100, 100]);
});

Deno.test("round_robin: a candidate that was away does not catch up on missed turns", () => {
  const list = roundRobin([1, 1]);
  list.setAvailable(0, false);
  picks(list, 1000);
  list.setAvailable(0, true);
  assertEquals(tally(picks(list, 10), 2), [5, 5]);
});

Deno.test("round_robin: a new weight is exact from the next period on", () => {
  const list = roundRobin([1, 1]);
  picks(list, 2);
  list.setWeight(0, 3);
  assertEquals(tally(picks(list, 400), 2), [300, 100]);
  list.setWeight(0, 0.25);
  assertEquals(tally(picks(list, 500), 2), [100, 400]);
});
