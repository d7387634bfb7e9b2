import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { roundOrder } from "../../bench/order.ts";

/** Which item follows which, in all rounds, and how often: "AB" is B right behind A. */
function neighbours(items: string, rounds: number): Map<string, number> {
  const counts = new Map<string, number>();
  for (let round = 0; round < rounds; round++) {
    const order = roundOrder([...items], round, rounds);
    assertEquals(order.toSorted(), [...items], "one is missing, or there twice");
    for (const [place, item] of order.entries()) {
      const before = order[place - 1];
      if (before !== undefined) counts.set(before + item, (counts.get(before + item) ?? 0) + 1);
    }
  }
  return counts;
}

Deno.test("roundOrder: of an even number, each is once behind each other one in as many rounds", () => {
  for (const items of ["AB", "ABCD", "ABCDEFGHIJ"]) {
    const counts = neighbours(items, items.length);
    assertEquals(counts.size, items.length * (items.length - 1));
    assertEquals(new Set(counts.values()), new Set([1]));
  }
});

Deno.test("roundOrder: of an odd number, each is twice behind each other one in twice as many rounds", () => {
  for (const items of ["ABC", "ABCDE", "ABCDEFGHIJK"]) {
    const counts = neighbours(items, 2 * items.length);
    assertEquals(counts.size, items.length * (items.length - 1));
    assertEquals(new Set(counts.values()), new Set([2]));
  }
});

Deno.test("roundOrder: in fewer rounds nobody is first twice, or often behind the same one", () => {
  for (let count = 3; count <= 11; count++) {
    const items = "ABCDEFGHIJK".slice(0, count);
    for (let rounds = 2; rounds <= count / 2; rounds++) {
      const first = Array.from({ length: rounds }, (_, round) => roundOrder([...items], round, rounds)[0]);
      assertStrictEquals(new Set(first).size, rounds);
      const atMost = count % 2 === 0 ? 1 : 2;
      for (const [pair, times] of neighbours(items, rounds)) {
        assert(times <= atMost, `${pair}: ${times} times`);
      }
    }
  }
});

Deno.test("roundOrder: of one, and of none", () => {
  assertEquals([roundOrder(["A"], 0, 1), roundOrder(["A"], 2, 3), roundOrder([], 0, 1)], [["A"], ["A"], []]);
});
