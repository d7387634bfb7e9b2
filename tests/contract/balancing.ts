import { assertEquals } from "@std/assert";
import fc from "fast-check";
import type { StrategyName } from "../../lib/balancing/mod.ts";
import { CandidateList, drain } from "../helpers/fakes/candidate_list.ts";
import { seededRandom } from "../helpers/fakes/seeded_random.ts";

/** What every strategy must keep, whatever its order is. No strategy deviates. */
export function testBalancingContract(strategy: StrategyName): void {
  Deno.test(`${strategy}: gives every candidate exactly once`, () => {
    for (const size of [1, 2, 3, 7, 64, 65]) {
      const list = new CandidateList(strategy, new Array<number>(size).fill(1));
      for (let client = 0; client < 20; client++) {
        assertEquals(sorted(list.order(client * 7919)), range(size));
      }
    }
  });

  Deno.test(`${strategy}: has nothing to give from an empty list`, () => {
    const order = new CandidateList(strategy, []).begin(1);
    assertEquals([order.next(), order.next()], [-1, -1]);
  });

  Deno.test(`${strategy}: an order that has ended stays ended`, () => {
    const order = new CandidateList(strategy, [1, 2]).begin(1);
    drain(order);
    assertEquals([order.next(), order.next()], [-1, -1]);
  });

  Deno.test(`${strategy}: never gives the unavailable, and gives them again when they are back`, () => {
    const list = new CandidateList(strategy, [1, 1, 1, 1]);
    list.setAvailable(1, false);
    list.setAvailable(2, false);
    for (let client = 0; client < 50; client++) assertEquals(sorted(list.order(client * 7919)), [0, 3]);
    list.setAvailable(2, true);
    for (let client = 0; client < 50; client++) assertEquals(sorted(list.order(client * 7919)), [0, 2, 3]);
  });

  Deno.test(`${strategy}: never gives weight 0, and gives it again when its weight is back`, () => {
    const list = new CandidateList(strategy, [0, 1, 256, 0]);
    for (let client = 0; client < 50; client++) assertEquals(sorted(list.order(client * 7919)), [1, 2]);
    list.setWeight(1, 0);
    list.setWeight(0, 3);
    for (let client = 0; client < 50; client++) assertEquals(sorted(list.order(client * 7919)), [0, 2]);
  });

  Deno.test(`${strategy}: gives nothing when none is available`, () => {
    const list = new CandidateList(strategy, [1, 1]);
    list.setAvailable(0, false);
    list.setAvailable(1, false);
    assertEquals(list.order(), []);
  });

  Deno.test(`${strategy}: what becomes unavailable between two tries is not given`, () => {
    const list = new CandidateList(strategy, [1, 1, 1]);
    for (let client = 0; client < 20; client++) {
      const order = list.begin(client * 7919);
      const first = order.next();
      const gone = (first + 1) % 3;
      list.setAvailable(gone, false);
      assertEquals(drain(order), [(first + 2) % 3]);
      list.setAvailable(gone, true);
    }
  });

  Deno.test(`${strategy}: gives the same orders for the same seed`, () => {
    const weights = [1, 2, 3, 4, 5];
    const [one, other] = [7, 7].map((seed) =>
      new CandidateList(strategy, weights, { random: seededRandom(seed) })
    );
    for (let client = 0; client < 20; client++) {
      assertEquals(one?.order(client * 7919), other?.order(client * 7919));
    }
  });

  Deno.test(`${strategy}: candidates of the same key are each tried`, () => {
    const list = new CandidateList(strategy, [1, 1, 1, 1], { keys: ["a:1", "a:1", "a:1", "a:1"] });
    for (let client = 0; client < 20; client++) assertEquals(sorted(list.order(client * 7919)), [0, 1, 2, 3]);
  });

  Deno.test(`${strategy}: gives exactly the available ones after any changes`, () => {
    const change = fc.record({
      index: fc.nat({ max: 8 }),
      weight: fc.constantFrom(0, 1 / 512, 0.3, 1, 2, 256),
      available: fc.boolean(),
      active: fc.nat({ max: 5 }),
      clientHash: fc.nat({ max: 2 ** 32 - 1 }),
    });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 40 }), (changes) => {
        const list = new CandidateList(strategy, new Array<number>(9).fill(1));
        for (const { index, weight, available, active, clientHash } of changes) {
          list.setWeight(index, weight);
          list.setAvailable(index, available);
          list.setActive(index, active);
          const wanted = range(9).filter((each) => list.available(each) && list.weight(each) > 0);
          assertEquals(sorted(list.order(clientHash)), wanted);
        }
      }),
      { numRuns: 60 },
    );
  });
}

function range(size: number): number[] {
  return Array.from({ length: size }, (_, index) => index);
}

function sorted(indexes: readonly number[]): number[] {
  return [...indexes].sort((a, b) => a - b);
}
