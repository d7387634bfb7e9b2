import { assertEquals } from "@std/assert";
import { type Ending, shutDown } from "../../../lib/cli/run/shut_down.ts";
import { SignalQueue } from "../../../lib/cli/run/signals.ts";
import { RecordedLog } from "../../helpers/fakes/recorded_log.ts";

/** A proxy whose drain ends when the test says so, or when it is stopped. */
class SlowToDrain implements Ending {
  readonly calls: string[] = [];
  readonly drained = Promise.withResolvers<void>();
  readonly draining = Promise.withResolvers<void>();

  activeSessions(): number {
    return 2;
  }

  drain(): Promise<void> {
    this.calls.push("drain");
    this.draining.resolve();
    return this.drained.promise;
  }

  stop(): Promise<void> {
    this.calls.push("stop");
    return Promise.resolve();
  }
}

Deno.test("shutDown: drains and waits for it", async () => {
  const [proxy, log] = [new SlowToDrain(), new RecordedLog()];
  const done = shutDown(proxy, { first: "SIGTERM", signals: new SignalQueue(), delayMs: 0, log });
  await proxy.draining.promise;
  proxy.drained.resolve();
  assertEquals(await done, "drained");
  assertEquals(proxy.calls, ["drain"]);
  assertEquals(log.lines, ["info SIGTERM: no longer accepting"]);
});

Deno.test("shutDown: a second signal stops at once, whether it comes late or has come already", async () => {
  for (const isEarly of [true, false]) {
    const [proxy, log, signals] = [new SlowToDrain(), new RecordedLog(), new SignalQueue()];
    if (isEarly) signals.push("SIGINT", 0);
    const done = shutDown(proxy, { first: "SIGTERM", signals, delayMs: 0, log });
    await proxy.draining.promise;
    if (!isEarly) signals.push("SIGINT", 0);
    assertEquals(await done, "cut");
    assertEquals(proxy.calls, ["drain", "stop"]);
    assertEquals(log.lines.at(-1), "warning SIGINT again: stopping at once, 2 sessions are cut");
  }
});

Deno.test("shutDown: a delay goes on accepting first, and a second signal ends that too", async () => {
  const [proxy, log, signals] = [new SlowToDrain(), new RecordedLog(), new SignalQueue()];
  signals.push("SIGTERM", 0);
  assertEquals(await shutDown(proxy, { first: "SIGTERM", signals, delayMs: 3_600_000, log }), "cut");
  assertEquals(log.lines[0], "info SIGTERM: stopping in 3600 s, accepting until then");
});

Deno.test("shutDown: a delay longer than a timer holds does not end at once", async () => {
  const [proxy, log, signals] = [new SlowToDrain(), new RecordedLog(), new SignalQueue()];
  const done = shutDown(proxy, { first: "SIGTERM", signals, delayMs: 30 * 24 * 3_600_000, log });
  await new Promise((resolve) => setTimeout(resolve, 20));
  assertEquals(proxy.calls, []);
  signals.push("SIGTERM", 0);
  assertEquals(await done, "cut");
});

Deno.test("SignalQueue: hands out signals in order, those that came before anybody asked too", async () => {
  const queue = new SignalQueue();
  queue.push("SIGINT", 0);
  assertEquals(await queue.next(), "SIGINT");
  const [first, second] = [queue.next(), queue.next()];
  queue.push("SIGTERM", 1000);
  queue.push("SIGINT", 2000);
  assertEquals(await Promise.all([first, second]), ["SIGTERM", "SIGINT"]);
});

Deno.test("SignalQueue: what comes within a second of the last one is the same signal", async () => {
  const queue = new SignalQueue();
  for (const atMs of [5000, 5002, 5999]) queue.push("SIGINT", atMs);
  assertEquals(await queue.next(), "SIGINT");
  const second = queue.next();
  queue.push("SIGTERM", 6000);
  assertEquals(await second, "SIGTERM");
});
