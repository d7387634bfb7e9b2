import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { eventFrame } from "../../../lib/admin/events/event_frame.ts";
import { EventQueue } from "../../../lib/admin/events/event_queue.ts";
import { utf8 } from "../../helpers/bytes.ts";

/** Takes all that waits, as text, without the stream's start. */
function taken(queue: EventQueue): string {
  let text = "";
  for (let part = queue.take(); part !== undefined; part = queue.take()) {
    text += new TextDecoder().decode(part);
  }
  return text.replace("retry: 2000\n\n", "");
}

Deno.test("EventQueue: gives events in their order, and of snapshots the latest", () => {
  const queue = new EventQueue();
  queue.putSnapshot(eventFrame("snapshot", "1"));
  queue.push(eventFrame("log", "2"));
  queue.putSnapshot(eventFrame("snapshot", "3"));
  queue.push(eventFrame("session", "4"));
  assertEquals(
    taken(queue),
    "event: log\ndata: 2\n\nevent: session\ndata: 4\n\nevent: snapshot\ndata: 3\n\n",
  );
  assertEquals([queue.isEmpty, queue.take()], [true, undefined]);
});

Deno.test("EventQueue: a full queue drops until it is taken, and then says how much", () => {
  const queue = new EventQueue({ maxFrames: 2 });
  taken(queue);
  for (const number of ["1", "2", "3", "4"]) queue.push(utf8(number));
  assertEquals(taken(queue), '12event: overflow\ndata: {"dropped":2}\n\n');
  queue.push(utf8("5"));
  assertEquals(taken(queue), "5");
});

Deno.test("EventQueue: holds no more than its limits, and accounts for every event", () => {
  const step = fc.oneof(fc.integer({ min: 1, max: 200 }), fc.constant("take" as const));
  fc.assert(fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
    const limits = { maxFrames: 20, maxBytes: 1000 };
    const queue = new EventQueue(limits);
    taken(queue);
    let [pushed, received, dropped, waiting] = [0, 0, 0, 0];
    const take = (): void => {
      const text = taken(queue);
      const overflow = /event: overflow\ndata: \{"dropped":(\d+)\}\n\n/.exec(text);
      dropped += Number(overflow?.[1] ?? 0);
      const rest = text.replace(overflow?.[0] ?? "", "");
      if (rest.length > limits.maxBytes) throw new Error("it held too much");
      received += rest.split("\n").length - 1;
      waiting = 0;
    };
    for (const what of steps) {
      if (what === "take") {
        take();
        continue;
      }
      queue.push(utf8(`${"x".repeat(what - 1)}\n`));
      pushed++;
      waiting++;
    }
    if (waiting > 0) take();
    assertEquals(received + dropped, pushed);
  }));
});

Deno.test("EventQueue: a heartbeat is for a reader that has nothing else to read", () => {
  const queue = new EventQueue();
  taken(queue);
  queue.beat();
  queue.beat();
  assertEquals(taken(queue), ":\n\n");
});
