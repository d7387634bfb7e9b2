import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { Slots } from "../../lib/limits/mod.ts";

const NO_HURRY = 60_000;

function never(): AbortSignal {
  return new AbortController().signal;
}

/** Lets every promise that is settled already go on. */
async function settle(): Promise<void> {
  for (let i = 0; i < 10; i++) await Promise.resolve();
}

Deno.test("Slots: hands out as many as there are", () => {
  const slots = new Slots(2);
  const one = slots.tryTake();
  const other = slots.tryTake();
  assertEquals([one !== undefined, other !== undefined, slots.tryTake()], [true, true, undefined]);
  one?.[Symbol.dispose]();
  assertEquals([slots.taken, slots.tryTake() !== undefined, slots.taken], [1, true, 2]);
});

Deno.test("Slots: a guard releases once, on every path out of its block", () => {
  const slots = new Slots(1);
  const failing = (): never => {
    using _slot = slots.tryTake();
    throw new Error("leaves the block");
  };
  try {
    failing();
  } catch (error) {
    assertEquals((error as Error).message, "leaves the block");
  }
  const slot = slots.tryTake();
  slot?.[Symbol.dispose]();
  slot?.[Symbol.dispose]();
  assertEquals(slots.taken, 0);
});

Deno.test("Slots: Infinity never refuses, and 0 always does", () => {
  const unlimited = new Slots(Infinity);
  assertEquals(Array.from({ length: 100 }, () => unlimited.tryTake()).includes(undefined), false);
  assertEquals(new Slots(0).tryTake(), undefined);
});

Deno.test("Slots: waiters are served in order of arrival", async () => {
  const slots = new Slots(1);
  let held = slots.tryTake();
  const served: number[] = [];
  const waits = [1, 2, 3].map(async (name) => {
    const slot = await slots.take({ signal: never(), timeoutMs: NO_HURRY });
    served.push(name);
    held = slot;
  });
  await settle();
  assertEquals([slots.waiting, served], [3, []]);
  for (const wanted of [[1], [1, 2], [1, 2, 3]]) {
    held?.[Symbol.dispose]();
    await settle();
    assertEquals([served, slots.taken], [wanted, 1]);
  }
  await Promise.all(waits);
});

Deno.test("Slots: nobody overtakes the waiters", async () => {
  const slots = new Slots(1);
  const held = slots.tryTake();
  const wait = slots.take({ signal: never(), timeoutMs: NO_HURRY });
  await settle();
  held?.[Symbol.dispose]();
  // The slot is on its way to the one that waits.
  assertEquals(slots.tryTake(), undefined);
  assertEquals(await wait !== undefined, true);
});

Deno.test("Slots: takes a free slot without waiting", async () => {
  assertEquals(await new Slots(1).take({ signal: never(), timeoutMs: 0 }) !== undefined, true);
});

Deno.test("Slots: no more than maxWaiting may wait", async () => {
  const slots = new Slots(1, { maxWaiting: 1 });
  const held = slots.tryTake();
  const wait = slots.take({ signal: never(), timeoutMs: NO_HURRY });
  await settle();
  assertEquals(await slots.take({ signal: never(), timeoutMs: NO_HURRY }), undefined);
  held?.[Symbol.dispose]();
  await wait;
});

Deno.test("Slots: a wait times out, and frees its place in the queue", async () => {
  const slots = new Slots(1);
  const held = slots.tryTake();
  assertEquals(await slots.take({ signal: never(), timeoutMs: 1 }), undefined);
  assertEquals(slots.waiting, 0);
  held?.[Symbol.dispose]();
  assertEquals(slots.taken, 0);
});

Deno.test("Slots: a waiter that leaves does not cost the others their turn", async () => {
  const slots = new Slots(1);
  const held = slots.tryTake();
  const leaving = new AbortController();
  const left = slots.take({ signal: leaving.signal, timeoutMs: NO_HURRY });
  const stays = slots.take({ signal: never(), timeoutMs: NO_HURRY });
  const reason = new Error("the client has gone");
  const rejected = assertRejects(() => left);
  leaving.abort(reason);
  assertStrictEquals(await rejected, reason);
  held?.[Symbol.dispose]();
  assertEquals([await stays !== undefined, slots.taken], [true, 1]);
});

Deno.test("Slots: a slot handed to a waiter that leaves at the same moment goes to the next", async () => {
  const slots = new Slots(1);
  const held = slots.tryTake();
  const leaving = new AbortController();
  const left = slots.take({ signal: leaving.signal, timeoutMs: NO_HURRY });
  const stays = slots.take({ signal: never(), timeoutMs: NO_HURRY });
  await settle();
  const rejected = assertRejects(() => left);
  held?.[Symbol.dispose]();
  leaving.abort(new Error("the client has gone"));
  await rejected;
  assertEquals([await stays !== undefined, slots.taken], [true, 1]);
});

Deno.test("Slots: take rejects when already aborted", async () => {
  const slots = new Slots(1);
  await assertRejects(() => slots.take({ signal: AbortSignal.abort(), timeoutMs: NO_HURRY }));
  assertEquals(slots.taken, 0);
});

Deno.test("Slots: resizing up admits waiters, resizing down takes nothing away", async () => {
  const slots = new Slots(1);
  const held = [slots.tryTake()];
  const waits = [1, 2].map(() => slots.take({ signal: never(), timeoutMs: NO_HURRY }));
  await settle();
  slots.resize(3);
  held.push(...await Promise.all(waits));
  assertEquals([held.includes(undefined), slots.taken], [false, 3]);
  slots.resize(1);
  held.pop()?.[Symbol.dispose]();
  assertEquals([slots.taken, slots.tryTake()], [2, undefined]);
  held.pop()?.[Symbol.dispose]();
  held.pop()?.[Symbol.dispose]();
  assertEquals([slots.taken, slots.tryTake() !== undefined], [0, true]);
});

Deno.test("Slots: a slot released beyond a smaller limit goes to nobody", async () => {
  const slots = new Slots(2);
  const held = [slots.tryTake(), slots.tryTake()];
  const wait = slots.take({ signal: never(), timeoutMs: NO_HURRY });
  await settle();
  slots.resize(1);
  held.pop()?.[Symbol.dispose]();
  await settle();
  assertEquals([slots.taken, slots.waiting], [1, 1]);
  held.pop()?.[Symbol.dispose]();
  assertEquals([await wait !== undefined, slots.taken], [true, 1]);
});
