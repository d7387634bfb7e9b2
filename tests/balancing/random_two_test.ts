import { assertEquals } from "@std/assert";
import { CandidateList, tally } from "../helpers/fakes/candidate_list.ts";
import { scriptedRandom } from "../helpers/fakes/seeded_random.ts";

/** Every pair of places from a grid over the square of two draws. */
function grid(steps: number): number[] {
  const places = Array.from({ length: steps }, (_, place) => (place + 0.5) / steps);
  return places.flatMap((one) => places.flatMap((other) => [one, other]));
}

Deno.test("random_two: takes the less loaded of two different candidates", () => {
  // Among four, 0.3 is the second; among the three others, 0.5 is the third of all.
  const list = new CandidateList("random_two", [1, 1, 1, 1], {
    random: scriptedRandom(0.3, 0.5, 0.3, 0.5, 0.3, 0.1),
  });
  list.setActive(1, 5);
  assertEquals(list.pick(), 2);
  list.setActive(2, 6);
  assertEquals(list.pick(), 1);
  assertEquals(list.pick(), 0);
});

Deno.test("random_two: the second draw skips the first candidate", () => {
  // Of three, the second is drawn first; half of the two others is where it begins itself.
  const list = new CandidateList("random_two", [1, 1, 1], { random: scriptedRandom(0.5, 0.5) });
  list.setActive(1, 5);
  assertEquals(list.pick(), 2);
});

Deno.test("random_two: never takes the most loaded of two or more", () => {
  const draws = grid(12);
  const list = new CandidateList("random_two", [1, 1, 1], { random: scriptedRandom(...draws) });
  list.setActive(0, 1);
  list.setActive(2, 9);
  const picks = Array.from({ length: draws.length / 2 }, () => list.pick());
  // Of the three pairs, the second wins two and the first wins one.
  assertEquals(tally(picks, 3), [48, 96, 0]);
});

Deno.test("random_two: with equal loads per weight, the first draw by weight decides", () => {
  const draws = grid(12);
  const list = new CandidateList("random_two", [1, 2, 1], { random: scriptedRandom(...draws) });
  list.setActive(0, 0);
  list.setActive(1, 1);
  list.setActive(2, 0);
  assertEquals(tally(Array.from({ length: 144 }, () => list.pick()), 3), [36, 72, 36]);
});

Deno.test("random_two: a single candidate needs no second draw", () => {
  assertEquals(new CandidateList("random_two", [1], { random: scriptedRandom(0.9) }).pick(), 0);
});

Deno.test("random_two: retries take the less loaded of two that are left", () => {
  const list = new CandidateList("random_two", [1, 1, 1], { random: scriptedRandom(0, 0, 0, 0, 0) });
  list.setActive(1, 2);
  list.setActive(2, 1);
  assertEquals(list.order(), [0, 2, 1]);
});
