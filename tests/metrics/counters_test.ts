import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { REASONS } from "../../lib/base/mod.ts";
import {
  activeOf,
  CollectedCounters,
  type CountersSnapshot,
  mergeCounters,
  NO_COUNTS,
  SHOWN_AFTER_MS,
  ThreadCounters,
} from "../../lib/metrics/mod.ts";
import { type Candidate, Target } from "../../lib/pool/mod.ts";

const APPS = ["a", "b"] as const;
const TARGETS = ["10.0.0.1:80", "10.0.0.2:80"] as const;

/** Something that is counted; whole numbers, since sums of others depend on their order. */
type Event =
  | { kind: "begin"; app: string }
  | { kind: "end"; app: string; reason: typeof REASONS[number]; target: string | undefined; bytes: number }
  | { kind: "dialed" | "queued" | "firstByte"; app: string; target: string; ms: number }
  | { kind: "dialFailed"; app: string; target: string; code: string }
  | { kind: "checked" | "discovered"; app: string; target: string; isGood: boolean }
  | { kind: "ejected"; app: string; target: string }
  | { kind: "paused" };

const app = fc.constantFrom(...APPS);
const target = fc.constantFrom(...TARGETS);
const event: fc.Arbitrary<Event> = fc.oneof(
  fc.record({ kind: fc.constant("begin" as const), app }),
  fc.record({
    kind: fc.constant("end" as const),
    app,
    reason: fc.constantFrom(...REASONS),
    target: fc.option(target, { nil: undefined }),
    bytes: fc.nat(1e6),
  }),
  fc.record({
    kind: fc.constantFrom("dialed" as const, "queued" as const, "firstByte" as const),
    app,
    target,
    ms: fc.nat(20_000),
  }),
  fc.record({
    kind: fc.constant("dialFailed" as const),
    app,
    target,
    code: fc.constantFrom("ECONNREFUSED", "ETIMEDOUT", "EHOSTUNREACH"),
  }),
  fc.record({
    kind: fc.constantFrom("checked" as const, "discovered" as const),
    app,
    target,
    isGood: fc.boolean(),
  }),
  fc.record({ kind: fc.constant("ejected" as const), app, target }),
  fc.constant({ kind: "paused" as const }),
);

function apply(counters: ThreadCounters, event: Event): void {
  if (event.kind === "paused") {
    counters.acceptPaused();
    return counters.acceptResumed(7);
  }
  const app = counters.app(event.app);
  switch (event.kind) {
    case "begin":
      return app.sessionBegan();
    case "end": {
      const { reason, bytes } = event;
      const flow = { bytes };
      app.sessionBegan();
      const target = event.target === undefined ? undefined : candidate(event.target);
      return app.sessionEnded({ reason, up: flow, down: flow, target, startedMs: 5, endedMs: 5 + bytes });
    }
    case "dialed":
      return app.dialed(event.target, event.ms);
    case "queued":
      return app.queued(event.ms);
    case "firstByte":
      return app.firstByte(event.ms);
    case "dialFailed":
      return app.dialFailed(event.target, event.code);
    case "checked":
      return app.checked(event.target, event.isGood);
    case "discovered":
      return app.discovered(event.isGood);
    case "ejected":
      return app.ejected(event.target);
  }
}

function candidate(label: string): Candidate {
  return new Target({ address: { kind: "unix", path: label }, label }).at(0);
}

function threadOf(events: readonly Event[]): CountersSnapshot {
  const counters = new ThreadCounters({
    thread: "main",
    targets: () => TARGETS.map((label) => ({ label, active: 0 })),
    heapBytes: () => 0,
  });
  for (const each of events) apply(counters, each);
  return counters.snapshot();
}

/** Without the order of keys, in which parts may differ. */
function sorted(value: unknown): unknown {
  if (value instanceof Map) return [...value].sort().map(([key, each]) => [key, sorted(each)]);
  if (Array.isArray(value) || typeof value !== "object" || value === null) return value;
  return Object.entries(value).sort().map(([key, each]) => [key, sorted(each)]);
}

Deno.test("mergeCounters: what parts have counted adds up to what one thread would have counted", () => {
  const parts = fc.array(fc.array(event, { maxLength: 30 }), { minLength: 1, maxLength: 4 });
  fc.assert(fc.property(parts, (parts) => {
    const whole = threadOf(parts.flat());
    assertEquals(sorted(mergeCounters(parts.map(threadOf))), sorted(whole));
    for (const each of whole.apps.values()) {
      const ended = Object.values(each.ended).reduce((sum, count) => sum + count, 0);
      assertEquals(each.accepted, ended + activeOf(each));
    }
  }));
});

Deno.test("mergeCounters: the order of parts does not matter, and nothing is added by none", () => {
  const part = fc.array(event, { maxLength: 20 }).map(threadOf);
  fc.assert(fc.property(part, part, (a, b) => {
    assertEquals(sorted(mergeCounters([a, b])), sorted(mergeCounters([b, a])));
    assertEquals(sorted(mergeCounters([NO_COUNTS, a])), sorted(a));
  }));
  assertEquals(mergeCounters([]), NO_COUNTS);
});

Deno.test("ThreadCounters.snapshot: bytes and targets of connections that last are included", () => {
  const flow = (bytes: number): { bytes: number } => ({ bytes });
  const sessions = [
    { app: { name: "a" }, up: flow(10), down: flow(1), target: candidate("t:1") },
    { app: { name: "a" }, up: flow(20), down: flow(2), target: candidate("t:1") },
    { app: { name: "a" }, up: flow(40), down: flow(4), target: candidate("gone:1") },
    { app: { name: "a" }, up: flow(80), down: flow(8), target: undefined },
  ];
  const counters = new ThreadCounters({
    thread: "main",
    // One of three is still being dialed.
    targets: () => [{ label: "t:1", active: 2 }, { label: "t:1", active: 1 }, { label: "idle:1", active: 0 }],
    sessions: () => sessions,
  });
  for (const _ of sessions) counters.app("a").sessionBegan();
  const count = counters.snapshot().apps.get("a");
  assertEquals([count?.bytesUp, count?.bytesDown, count?.accepted], [150, 15, 4]);
  const targets = [...count?.targets ?? []].map(([label, { connections, active, bytesUp, bytesDown }]) => {
    return [label, connections, active, bytesUp, bytesDown];
  });
  assertEquals(targets, [["t:1", 2, 3, 30, 3], ["gone:1", 1, 1, 40, 4]]);
});

Deno.test("ThreadCounters.snapshot: a target that is gone is shown for five minutes more", () => {
  let nowMs = 0;
  let targets = [{ label: "t:1", active: 0 }, { label: "t:2", active: 0 }];
  const counters = new ThreadCounters({
    thread: "main",
    targets: () => targets,
    clock: { nowMs: () => nowMs },
  });
  counters.app("a").dialFailed("t:1", "ECONNREFUSED");
  counters.app("a").dialed("t:2", 1);
  const shown = (): string[] => [...counters.snapshot().apps.get("a")?.targets.keys() ?? []];
  assertEquals(shown(), ["t:1", "t:2"]);
  targets = [{ label: "t:2", active: 0 }];
  assertEquals(shown(), ["t:1", "t:2"]);
  nowMs = SHOWN_AFTER_MS - 1;
  assertEquals(shown(), ["t:1", "t:2"]);
  nowMs = SHOWN_AFTER_MS;
  assertEquals(shown(), ["t:2"]);
});

Deno.test("ThreadCounters.snapshot: a target that comes back in time goes on counting", () => {
  let nowMs = 0;
  let targets = [{ label: "t:1", active: 0 }];
  const counters = new ThreadCounters({
    thread: "main",
    targets: () => targets,
    clock: { nowMs: () => nowMs },
  });
  counters.app("a").dialed("t:1", 1);
  targets = [];
  counters.snapshot();
  targets = [{ label: "t:1", active: 0 }];
  counters.snapshot();
  targets = [];
  nowMs = SHOWN_AFTER_MS;
  assertEquals(counters.snapshot().apps.get("a")?.targets.get("t:1")?.dials.connected, 1);
});

Deno.test("ThreadCounters: targets that come and go do not add up while nobody asks", () => {
  const counters = new ThreadCounters({ thread: "main", targets: () => [{ label: "t:1", active: 0 }] });
  counters.app("a").dialed("t:1", 1);
  for (let number = 0; number < 10_000; number++) {
    counters.app("a").dialFailed(`10.0.0.1:${number}`, "ETIMEDOUT");
  }
  const targets = counters.snapshot().apps.get("a")?.targets;
  assertEquals((targets?.size ?? 0) <= 256, true);
  assertEquals(targets?.get("t:1")?.dials.connected, 1);
});

Deno.test("ThreadCounters.snapshot: an app goes with its last connection, one that is prepared is not shown yet", () => {
  const apps = new Set(["a"]);
  const counters = new ThreadCounters({ thread: "main", targets: (app) => apps.has(app) ? [] : undefined });
  const shown = (): string[] => [...counters.snapshot().apps.keys()];
  counters.app("a").sessionBegan();
  const prepared = counters.app("b");
  assertEquals(shown(), ["a"]);
  apps.add("b");
  apps.delete("a");
  assertEquals(shown(), ["a", "b"]);
  const flow = { bytes: 1 };
  const ended = {
    reason: "drained",
    up: flow,
    down: flow,
    target: undefined,
    startedMs: 0,
    endedMs: 1,
  } as const;
  counters.app("a").sessionEnded(ended);
  // A reload may be about to bring it back.
  assertEquals(counters.app("a").isIdle, true);
  assertEquals(shown(), ["b"]);
  prepared.sessionBegan();
  assertEquals(counters.snapshot().apps.get("b")?.accepted, 1);
});

Deno.test("CollectedCounters: what a thread that is gone has counted stays, its connections count as ended by error", () => {
  const collected = new CollectedCounters<number>({ targets: () => [...TARGETS] });
  const [first, second] = [TARGETS[0], TARGETS[1]];
  const events: Event[] = [
    { kind: "end", app: "a", reason: "client_closed", target: first, bytes: 3 },
    { kind: "begin", app: "a" },
    { kind: "begin", app: "a" },
  ];
  collected.receive(1, threadOf(events));
  collected.receive(2, threadOf([{ kind: "dialed", app: "a", target: second, ms: 1 }]));
  collected.gone(1);
  collected.gone(1);
  const app = collected.snapshot().apps.get("a");
  assertEquals([app?.accepted, app?.ended, app && activeOf(app)], [3, { client_closed: 1, error: 2 }, 0]);
  assertEquals([...app?.targets.keys() ?? []].sort(), [...TARGETS]);
  // Its successor begins at 0.
  collected.receive(1, threadOf(events));
  assertEquals(collected.snapshot().apps.get("a")?.accepted, 6);
});

Deno.test("CollectedCounters: an app goes with its last connection, a target five minutes after the last", () => {
  let nowMs = 0;
  let apps: Record<string, string[]> = { a: [...TARGETS], b: [] };
  const collected = new CollectedCounters<string>({
    targets: (name) => apps[name],
    clock: { nowMs: () => nowMs },
  });
  collected.receive("old", threadOf([{ kind: "begin", app: "a" }, { kind: "begin", app: "b" }]));
  collected.receive("new", threadOf([{ kind: "dialed", app: "a", target: TARGETS[1], ms: 1 }]));
  const shown = (): string[] =>
    [...collected.snapshot().apps].map(([name, { targets }]) => [name, ...targets.keys()].join(" "));
  assertEquals(shown(), [`a ${TARGETS[1]}`, "b"]);
  apps = { a: [TARGETS[0]] };
  assertEquals(shown(), [`a ${TARGETS[1]}`, "b"]);
  nowMs = SHOWN_AFTER_MS;
  assertEquals(shown(), ["a", "b"]);
  collected.gone("old");
  assertEquals(shown(), ["a"]);
  // Not even should it come back.
  apps = { a: [], b: [] };
  assertEquals(shown(), ["a"]);
});
