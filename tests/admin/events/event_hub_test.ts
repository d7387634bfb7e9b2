import { assertEquals, assertStringIncludes } from "@std/assert";
import { EventHub, type EventKind, type ReaderOptions } from "../../../lib/admin/events/event_hub.ts";
import { type AccessRecord, Feed, type LogLine } from "../../../lib/log/mod.ts";
import { FakeScheduler } from "../../helpers/fakes/fake_scheduler.ts";
import { settled } from "../../helpers/fakes/fake_time.ts";

const RECORD: AccessRecord = {
  time: 0,
  id: 7,
  app: "web",
  listener: "127.0.0.1:80",
  client: "10.0.0.9:1",
  target: undefined,
  reason: "no_target",
  bytesUp: 1,
  bytesDown: 2,
  durationMs: 3,
  connectMs: undefined,
  tries: 1,
  sni: undefined,
  detail: "refused",
};

class Bench {
  readonly time = new FakeScheduler();
  readonly sessions = new Feed<AccessRecord>();
  readonly lines = new Feed<LogLine>();
  readonly closing = new AbortController();
  readonly hub = new EventHub({
    sessions: this.sessions,
    lines: this.lines,
    onDefect: (error) => {
      throw error;
    },
    queue: { maxFrames: 8 },
    nowMs: () => this.time.nowMs(),
    schedule: (run, delayMs) => this.time.after(delayMs, run),
  });

  open(
    kinds: readonly EventKind[],
    options: Partial<ReaderOptions> = {},
  ): ReadableStream<Uint8Array<ArrayBuffer>> {
    return this.hub.open({
      kinds: new Set(kinds),
      intervalMs: 1000,
      closing: this.closing.signal,
      snapshot: () => Promise.resolve("{}"),
      ...options,
    });
  }
}

/** Reads everything until the stream ends. */
async function textOf(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<string> {
  return await new Response(stream).text();
}

Deno.test("EventHub: a reader gets the kinds that it wants, as JSON", async () => {
  const bench = new Bench();
  const all = textOf(bench.open(["snapshot", "session", "log"]));
  const one = textOf(bench.open(["log"]));
  bench.sessions.publish(RECORD);
  bench.lines.publish({ time: 1000, level: "info", category: "proxy", message: "a\nb" });
  await settled();
  bench.closing.abort();
  const log =
    'event: log\ndata: {"time":"1970-01-01T00:00:01.000Z","level":"info","category":"proxy","message":"a\\nb"}\n\n';
  assertEquals(await one, `retry: 2000\n\n${log}`);
  const text = await all;
  assertStringIncludes(text, log);
  assertStringIncludes(text, "event: snapshot\ndata: {}\n\n");
  const [, data = ""] = /event: session\ndata: (.*)\n\n/.exec(text) ?? [];
  const { id, app, reason, detail, bytes_down: down } = JSON.parse(data);
  assertEquals([id, app, reason, detail, down], [7, "web", "no_target", "refused", 2]);
});

Deno.test("EventHub: listens to a source only while somebody reads that kind, and has no timer without a reader", async () => {
  const { hub, sessions, lines, time, ...bench } = new Bench();
  assertEquals([sessions.isWanted, lines.isWanted, time.pending], [false, false, 0]);
  const open = (kind: EventKind): ReadableStream =>
    hub.open({
      kinds: new Set([kind]),
      intervalMs: 1000,
      closing: bench.closing.signal,
      snapshot: () => Promise.resolve("{}"),
    });
  const log = open("log");
  assertEquals([sessions.isWanted, lines.isWanted], [false, true]);
  const session = open("session");
  assertEquals([sessions.isWanted, lines.isWanted], [true, true]);
  await log.cancel();
  assertEquals([sessions.isWanted, lines.isWanted], [true, false]);
  await session.cancel();
  assertEquals([sessions.isWanted, lines.isWanted, time.pending], [false, false, 0]);
});

Deno.test("EventHub: a reader that takes nothing costs the others nothing, and learns what it lost", async () => {
  const bench = new Bench();
  const stuck = bench.open(["log"]);
  const reader = bench.open(["log"]).getReader();
  await reader.read();
  for (let number = 0; number < 100; number++) {
    bench.lines.publish({ time: 0, level: "info", category: "", message: `line ${number}` });
    const { value } = await reader.read();
    assertStringIncludes(new TextDecoder().decode(value), `line ${number}"`);
  }
  await reader.cancel();
  bench.closing.abort();
  // The stream has ended, and what waited in the queue is gone with it.
  assertEquals(await textOf(stuck), "");

  const slow = new Bench();
  const late = slow.open(["log"]).getReader();
  for (let number = 0; number < 100; number++) {
    slow.lines.publish({ time: 0, level: "info", category: "", message: `line ${number}` });
  }
  const text = new TextDecoder().decode((await late.read()).value);
  // One of eight is the start of the stream.
  assertStringIncludes(text, 'line 6"}\n\nevent: overflow\ndata: {"dropped":93}\n\n');
  await late.cancel();
});

Deno.test("EventHub: a quiet stream gets heartbeats", async () => {
  const bench = new Bench();
  const reader = bench.open(["session"]).getReader();
  await reader.read();
  await bench.time.advance(15_000);
  assertEquals(new TextDecoder().decode((await reader.read()).value), ":\n\n");
  await reader.cancel();
});

Deno.test("EventHub: has room for so many readers", async () => {
  const { sessions, lines } = new Bench();
  const hub = new EventHub({ sessions, lines, onDefect: () => {}, maxReaders: 1 });
  const closing = new AbortController().signal;
  const stream = hub.open({
    kinds: new Set(["log"]),
    intervalMs: 1,
    closing,
    snapshot: () => Promise.resolve(""),
  });
  assertEquals(hub.hasRoom, false);
  await stream.cancel();
  assertEquals(hub.hasRoom, true);
});
