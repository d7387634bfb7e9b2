import { assertEquals } from "@std/assert";
import { WaitQueue } from "../../lib/limits/mod.ts";

const SIGNAL = new AbortController().signal;

Deno.test("WaitQueue: wakes in order of arrival, one at a time", async () => {
  const queue = new WaitQueue(10);
  const woken: number[] = [];
  const waits = [1, 2, 3].map(async (name) => {
    assertEquals(await queue.wait({ signal: SIGNAL, timeoutMs: Infinity }), "woken");
    woken.push(name);
  });
  assertEquals([queue.wakeNext(), queue.wakeNext(), queue.size], [true, true, 1]);
  await Promise.all(waits.slice(0, 2));
  assertEquals(woken, [1, 2]);
  queue.wakeNext();
  await Promise.all(waits);
  assertEquals(queue.wakeNext(), false);
});

Deno.test("WaitQueue.wakeReady: wakes ready waiters in order, as long as mayGoOn holds", async () => {
  const queue = new WaitQueue(10);
  const asked: number[] = [];
  const isReady = (name: number) => (): boolean => {
    asked.push(name);
    return name !== 1;
  };
  const waits = [1, 2, 3, 4].map((name) =>
    queue.wait({ signal: SIGNAL, timeoutMs: Infinity }, isReady(name))
  );
  queue.wakeReady(() => queue.size > 2);
  assertEquals([asked, queue.size, await waits[1], await waits[2]], [[1, 2, 3], 2, "woken", "woken"]);
  while (queue.wakeNext());
  await Promise.all(waits);
});

Deno.test("WaitQueue: does not wait without room or time", async () => {
  assertEquals(await new WaitQueue(0).wait({ signal: SIGNAL, timeoutMs: 1000 }), "full");
  assertEquals(await new WaitQueue(1).wait({ signal: SIGNAL, timeoutMs: 0 }), "timeout");
});

Deno.test("WaitQueue: a finished wait leaves nothing behind", async () => {
  const queue = new WaitQueue(1);
  assertEquals(await queue.wait({ signal: SIGNAL, timeoutMs: 1 }), "timeout");
  assertEquals([queue.size, queue.wakeNext()], [0, false]);
});
