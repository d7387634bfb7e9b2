import { assertEquals } from "@std/assert";
import { NO_COUNTS } from "../../lib/metrics/mod.ts";
import type { FromWorker } from "../../lib/workers/channel/messages.ts";
import { CountersSender } from "../../lib/workers/worker/counters_sender.ts";

Deno.test("CountersSender: sends while there are connections, once more after the last, when asked and at the end", () => {
  const sent: FromWorker[] = [];
  const ticks: (() => void)[] = [];
  let active = 0;
  const sender = new CountersSender((message) => void sent.push(message), (run) => {
    ticks.push(run);
    return () => void ticks.pop();
  });
  sender.begin({ counters: () => NO_COUNTS, activeSessions: () => active });
  const tick = (): number => {
    const before = sent.length;
    for (const run of ticks) run();
    return sent.length - before;
  };
  assertEquals(tick(), 0);
  // One that began and ended between two ticks.
  sender.note();
  assertEquals([tick(), tick()], [1, 0]);
  sender.note();
  active = 1;
  assertEquals([tick(), tick()], [1, 1]);
  active = 0;
  assertEquals([tick(), tick()], [1, 0]);
  sender.send();
  assertEquals(sent.at(-1), { kind: "counters", counters: NO_COUNTS });
  const before = sent.length;
  sender.end();
  assertEquals([sent.length - before, ticks.length], [1, 0]);
});

Deno.test("CountersSender: a worker that has not started sends nothing", () => {
  const sent: FromWorker[] = [];
  const sender = new CountersSender((message) => void sent.push(message));
  sender.send();
  sender.end();
  assertEquals(sent, []);
});
