import { assertEquals, assertStrictEquals } from "@std/assert";
import fc from "fast-check";
import { SharedCount, SharedSlots } from "../../../lib/limits/mod.ts";

Deno.test("SharedCount: the limit holds for all threads together", () => {
  const memory = SharedCount.allocate(2);
  const [one, other] = [0, 1].map((worker) => new SharedCount(memory, { worker, max: 3 }));
  assertEquals([one?.tryTake(), other?.tryTake(), one?.tryTake(), other?.tryTake()], [
    true,
    true,
    true,
    false,
  ]);
  assertEquals([one?.taken, one?.mine, other?.mine, one?.free], [3, 2, 1, 0]);
  one?.giveBack();
  assertEquals([other?.tryTake(), one?.tryTake()], [true, false]);
});

Deno.test("SharedCount: forget releases one thread's permits, and no others", () => {
  const memory = SharedCount.allocate(2);
  const [one, other] = [0, 1].map((worker) => new SharedCount(memory, { worker, max: 4 }));
  for (let i = 0; i < 3; i++) one?.tryTake();
  other?.tryTake();
  assertStrictEquals(SharedCount.forget(memory, 0), 3);
  assertEquals([other?.taken, other?.mine, other?.free], [1, 1, 3]);
  assertStrictEquals(SharedCount.forget(memory, 0), 0);
});

Deno.test("SharedCount: never exceeds the limit, and the total is the sum of the shares", () => {
  const step = fc.record({
    worker: fc.nat({ max: 2 }),
    takes: fc.boolean(),
    dies: fc.integer({ min: 0, max: 9 }),
  });
  fc.assert(fc.property(fc.array(step, { maxLength: 60 }), fc.integer({ min: 1, max: 5 }), (steps, max) => {
    const memory = SharedCount.allocate(3);
    const counts = [0, 1, 2].map((worker) => new SharedCount(memory, { worker, max }));
    const held = [0, 0, 0];
    const sum = (): number => held.reduce((a, b) => a + b);
    for (const { worker, takes, dies } of steps) {
      const mine = held[worker] ?? 0;
      if (dies === 0) {
        assertStrictEquals(SharedCount.forget(memory, worker), mine);
        held[worker] = 0;
      } else if (takes) {
        const hasRoom = sum() < max;
        assertStrictEquals(counts[worker]?.tryTake(), hasRoom);
        if (hasRoom) held[worker] = mine + 1;
      } else if (mine > 0) {
        counts[worker]?.giveBack();
        held[worker] = mine - 1;
      }
      assertStrictEquals(counts[0]?.taken, sum());
    }
  }));
});

Deno.test("SharedSlots: a waiter gets the permit that another thread releases", async () => {
  const memory = SharedCount.allocate(2);
  const elsewhere = new SharedCount(memory, { worker: 1, max: 1 });
  const slots = new SharedSlots(new SharedCount(memory, { worker: 0, max: 1 }));
  elsewhere.tryTake();
  assertStrictEquals(slots.tryTake(), undefined);
  const { signal } = new AbortController();
  const waiting = slots.take({ signal, timeoutMs: Infinity });
  elsewhere.giveBack();
  using slot = await waiting;
  assertEquals([slot === undefined, elsewhere.taken, elsewhere.tryTake()], [false, 1, false]);
});

Deno.test("SharedSlots: a wait ends on timeout and on abort", async () => {
  const memory = SharedCount.allocate(1);
  const slots = new SharedSlots(new SharedCount(memory, { worker: 0, max: 1 }));
  using _slot = slots.tryTake();
  const controller = new AbortController();
  assertStrictEquals(await slots.take({ signal: controller.signal, timeoutMs: 1 }), undefined);
  const waiting = slots.take({ signal: controller.signal, timeoutMs: Infinity });
  controller.abort("enough");
  assertStrictEquals(await waiting.catch((reason) => reason), "enough");
  // What looks for places ends with the last that waits.
  await new Promise((resolve) => setTimeout(resolve, 10));
});
