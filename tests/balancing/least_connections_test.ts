import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { CandidateList, tally } from "../helpers/fakes/candidate_list.ts";
import { scriptedRandom } from "../helpers/fakes/seeded_random.ts";

function leastConnections(weights: readonly number[]): CandidateList {
  return new CandidateList("least_connections", weights, { random: scriptedRandom(0) });
}

Deno.test("least_connections: picks the candidate with the fewest connections", () => {
  const list = leastConnections([1, 1, 1]);
  list.setActive(0, 2);
  list.setActive(1, 1);
  list.setActive(2, 3);
  assertEquals(list.order(), [1, 0, 2]);
});

Deno.test("least_connections: equals take turns even when no connection stays", () => {
  const list = leastConnections([1, 1, 1]);
  assertEquals(Array.from({ length: 6 }, () => list.pick()), [0, 1, 2, 0, 1, 2]);
});

Deno.test("least_connections: connections that stay add up to the weights", () => {
  for (const weights of [[1, 2, 3], [256, 1, 3], [7, 7]]) {
    const list = leastConnections(weights);
    const period = weights.reduce((sum, weight) => sum + weight, 0);
    const picks = Array.from({ length: period * 4 }, () => list.connect());
    assertEquals(tally(picks, weights.length), weights.map((weight) => weight * 4));
  }
});

Deno.test("least_connections: the first connection goes to the heaviest", () => {
  assertEquals(leastConnections([1, 2, 256]).pick(), 2);
});

Deno.test("least_connections: a candidate at the start of its slow start is not hit at once", () => {
  const list = leastConnections([1, 1]);
  list.setActive(0, 9);
  list.setWeight(1, 1 / 16);
  assertEquals(list.pick(), 0);
  list.setWeight(1, 1 / 4);
  assertEquals(list.pick(), 1);
});

Deno.test("least_connections: agrees with a linear search after any connects and disconnects", () => {
  const weights = [1, 1, 2, 3, 5, 8];
  const step = fc.record({ isConnect: fc.boolean(), index: fc.nat({ max: 5 }) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const list = leastConnections(weights);
      for (const { isConnect, index } of steps) {
        if (!isConnect) {
          list.setActive(index, Math.max(0, list.active(index) - 1));
          continue;
        }
        const loads = weights.map((weight, each) => (list.active(each) + 1) / (weight * 256));
        assertEquals(loads[list.connect()], Math.min(...loads));
      }
    }),
    { numRuns: 60 },
  );
});
