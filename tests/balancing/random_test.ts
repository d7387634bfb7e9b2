import { assertEquals } from "@std/assert";
import { CandidateList, tally } from "../helpers/fakes/candidate_list.ts";
import { scriptedRandom } from "../helpers/fakes/seeded_random.ts";

Deno.test("random: starts at a random candidate, then goes around in order", () => {
  const list = new CandidateList("random", [1, 1, 1, 1], { random: scriptedRandom(0.6, 0, 0.999) });
  assertEquals(list.order(), [2, 3, 0, 1]);
  assertEquals(list.order(), [0, 1, 2, 3]);
  assertEquals(list.order(), [3, 0, 1, 2]);
});

Deno.test("random: starts are distributed by weight", () => {
  // 240 places, evenly over the whole range, are as good as every number that chance could give.
  const places = Array.from({ length: 240 }, (_, place) => (place + 0.5) / 240);
  const list = new CandidateList("random", [1, 3, 0, 2], { random: scriptedRandom(...places) });
  assertEquals(tally(places.map(() => list.pick()), 4), [40, 120, 0, 80]);
});

Deno.test("random: the share of an unavailable candidate goes to all others, not to its neighbour", () => {
  const places = Array.from({ length: 300 }, (_, place) => (place + 0.5) / 300);
  const list = new CandidateList("random", [1, 1, 1, 1], { random: scriptedRandom(...places) });
  list.setAvailable(1, false);
  assertEquals(tally(places.map(() => list.pick()), 4), [100, 0, 100, 100]);
});

Deno.test("random: honours fractional weights", () => {
  const places = Array.from({ length: 250 }, (_, place) => (place + 0.5) / 250);
  const list = new CandidateList("random", [1, 1], { random: scriptedRandom(...places) });
  list.setWeight(0, 0.25);
  assertEquals(tally(places.map(() => list.pick()), 2), [50, 200]);
});
