import { assertEquals } from "@std/assert";
import { CandidateList } from "../helpers/fakes/candidate_list.ts";

Deno.test("first: keeps to the order of the list, whatever load and weight", () => {
  const list = new CandidateList("first", [1, 256, 2]);
  list.setActive(0, 1000);
  assertEquals([list.order(), list.order()], [[0, 1, 2], [0, 1, 2]]);
});

Deno.test("first: returns to the earlier candidate as soon as it is available", () => {
  const list = new CandidateList("first", [1, 1, 1]);
  list.setAvailable(0, false);
  assertEquals(list.pick(), 1);
  list.setAvailable(0, true);
  assertEquals(list.pick(), 0);
});
