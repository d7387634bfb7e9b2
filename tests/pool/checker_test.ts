import { assertEquals, assertThrows } from "@std/assert";
import { type Address, formatAddress, parseTargetAddress } from "../../lib/base/mod.ts";
import { Checker, type CheckerOptions, type CheckTarget } from "../../lib/pool/checks/checker.ts";
import { parseExpect } from "../../lib/pool/checks/expectation.ts";
import { Steps } from "../../lib/pool/checks/steps.ts";
import { Probe, type Prober, type ProbeResult } from "../../lib/pool/checks/probe.ts";
import { FakeScheduler } from "../helpers/fakes/fake_scheduler.ts";
import { settled } from "../helpers/fakes/fake_time.ts";
import { seededRandom } from "../helpers/fakes/seeded_random.ts";
import { echo, neverAnswering, TestTarget } from "../helpers/targets.ts";

const SUCCESS: ProbeResult = { kind: "success", durationMs: 1 };

function failure(message: string): ProbeResult {
  return { kind: "failure", reason: "refused", message, durationMs: 1 };
}

/** A prober whose outcomes a test decides, and that keeps what it was asked. */
class ScriptedProber implements Prober {
  /** The address and the time of each check. */
  readonly began: (readonly [string, number])[] = [];
  readonly outcomes = new Map<string, ProbeResult>();
  /** How long a check takes; `Infinity` until it is called off. */
  durationMs = 0;
  atOnce = 0;
  mostAtOnce = 0;
  calledOff = 0;
  readonly #scheduler: FakeScheduler;

  constructor(scheduler: FakeScheduler) {
    this.#scheduler = scheduler;
  }

  async run(address: Address, signal: AbortSignal): Promise<ProbeResult> {
    const label = formatAddress(address);
    this.began.push([label, this.#scheduler.nowMs()]);
    this.mostAtOnce = Math.max(this.mostAtOnce, ++this.atOnce);
    const isOver = Promise.withResolvers<void>();
    const cancel = this.durationMs === Infinity
      ? (): void => {}
      : this.#scheduler.after(this.durationMs, isOver.resolve);
    signal.addEventListener("abort", () => isOver.resolve(), { once: true });
    if (signal.aborted) isOver.resolve();
    await isOver.promise;
    cancel();
    this.atOnce--;
    if (!signal.aborted) return this.outcomes.get(label) ?? SUCCESS;
    this.calledOff++;
    return { kind: "void", message: "called off" };
  }

  /** When this target was checked. */
  times(label: string): number[] {
    return this.began.filter(([checked]) => checked === label).map(([, atMs]) => atMs);
  }
}

/** A checker with all around it in a test's hand, and one line for each transition. */
class Setting implements AsyncDisposable {
  readonly scheduler = new FakeScheduler();
  readonly prober = new ScriptedProber(this.scheduler);
  readonly reported: string[] = [];
  readonly checker: Checker;

  constructor(options: Partial<CheckerOptions> = {}) {
    this.checker = new Checker({
      prober: this.prober,
      intervalMs: 1000,
      rise: 2,
      fall: 3,
      scheduler: this.scheduler,
      random: () => 0.5,
      observer: {
        wentUp: (target) => void this.reported.push(`${target} up`),
        wentDown: (target, why) => void this.reported.push(`${target} down: ${why}`),
      },
      ...options,
    });
  }

  check(...targets: string[]): void {
    this.checker.setTargets(targets.map(named));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.checker.stop();
    assertEquals([this.scheduler.pending, this.prober.atOnce], [0, 0], "timers and checks left behind");
  }
}

/** A target that is known by its address. */
function named(address: string): CheckTarget {
  return { key: address, address: parseTargetAddress(address) };
}

Deno.test("Checker: the first check of every target is made at once", async () => {
  await using test = new Setting();
  test.check("a:1", "b:1", "unix:/c");
  assertEquals(test.prober.began, [["a:1", 0], ["b:1", 0], ["unix:/c", 0]]);
});

Deno.test("Checker: second checks are spread over the interval, then repeat at it", async () => {
  await using test = new Setting();
  test.check("a:1", "b:1");
  await test.scheduler.advance(3000);
  assertEquals(test.prober.times("a:1"), [0, 250, 1250, 2250]);
  assertEquals(test.prober.times("b:1"), [0, 750, 1750, 2750]);
});

Deno.test("Checker: checks come with jitter of at most 5 %", async () => {
  await using test = new Setting({ random: seededRandom(1) });
  test.check("a:1");
  await test.scheduler.advance(100_000);
  const times = test.prober.times("a:1").slice(1);
  const delays = times.slice(1).map((atMs, i) => atMs - (times[i] ?? 0));
  assertEquals(delays.every((delay) => delay >= 950 && delay <= 1050), true);
  assertEquals(new Set(delays).size, delays.length);
});

Deno.test("Checker: a check that outlasts the interval is followed by the next, not overtaken", async () => {
  await using test = new Setting();
  test.prober.durationMs = 2500;
  test.check("a:1");
  await test.scheduler.advance(8000);
  assertEquals(test.prober.times("a:1"), [0, 2500, 5000, 7500]);
  assertEquals(test.prober.mostAtOnce, 1);
});

Deno.test("Checker: runs at most so many checks at once, the others in order", async () => {
  await using test = new Setting({ maxAtOnce: 2, intervalMs: 100_000 });
  test.prober.durationMs = 10;
  test.check("a:1", "b:1", "c:1", "d:1", "e:1");
  await test.scheduler.advance(30);
  assertEquals(test.prober.began, [["a:1", 0], ["b:1", 0], ["c:1", 10], ["d:1", 10], ["e:1", 20]]);
  assertEquals(test.prober.mostAtOnce, 2);
});

Deno.test("Checker: fall failures in a row take a target down, rise successes bring it up, each reported once", async () => {
  await using test = new Setting();
  test.check("a:1");
  assertEquals(test.checker.status("a:1"), { status: "up", last: undefined, lastMs: undefined });
  test.prober.outcomes.set("a:1", failure("no"));
  await test.scheduler.advance(500);
  assertEquals([test.reported, test.checker.status("a:1")?.status], [[], "up"]);
  test.prober.outcomes.set("a:1", failure("still no"));
  await test.scheduler.advance(2000);
  assertEquals([test.reported, test.checker.status("a:1")?.status], [["a:1 down: still no"], "down"]);
  await test.scheduler.advance(5000);
  test.prober.outcomes.delete("a:1");
  await test.scheduler.advance(5000);
  assertEquals(test.reported, ["a:1 down: still no", "a:1 up"]);
  assertEquals(test.checker.status("a:1"), { status: "up", last: SUCCESS, lastMs: 12_500 });
});

Deno.test("Checker: a check without a verdict changes nothing, and the next follows", async () => {
  await using test = new Setting({ fall: 1, rise: 1 });
  test.check("a:1");
  await test.scheduler.advance(0);
  test.prober.outcomes.set("a:1", { kind: "void", message: "no file descriptors" });
  await test.scheduler.advance(5000);
  assertEquals([test.reported, test.checker.status("a:1")?.lastMs], [[], 0]);
  test.prober.outcomes.set("a:1", failure("no"));
  await test.scheduler.advance(1000);
  assertEquals(test.reported, ["a:1 down: no"]);
});

Deno.test("Checker: the check port may differ from the target's", async () => {
  await using test = new Setting({ port: 8008 });
  const target = parseTargetAddress("a:1");
  test.checker.setTargets([{ key: "a:1", address: target }, named("b:*"), named("unix:/c")]);
  assertEquals(test.prober.began.map(([label]) => label), ["a:8008", "b:8008", "unix:/c"]);
  assertEquals([formatAddress(target), test.checker.status("a:1")?.status], ["a:1", "up"]);
});

Deno.test("Checker: refuses a target without a port where no check port is given", async () => {
  await using test = new Setting();
  assertThrows(
    () => test.check("a:1", "b:*"),
    RangeError,
    'check "b:*": the target has no port of its own; give the check a port',
  );
  assertEquals(test.prober.began, []);
});

Deno.test("Checker: kept targets keep their state, new ones are checked at once, removed ones are dropped", async () => {
  await using test = new Setting({ fall: 1 });
  test.prober.outcomes.set("a:1", failure("no"));
  test.check("a:1", "b:1", "a:1");
  await test.scheduler.advance(1000);
  assertEquals(test.reported, ["a:1 down: no"]);

  test.prober.durationMs = Infinity;
  await test.scheduler.advance(1000);
  assertEquals(test.prober.atOnce, 2);
  test.check("a:1", "c:1");
  await settled();
  assertEquals([test.prober.calledOff, test.prober.times("c:1")], [1, [2000]]);
  assertEquals(test.checker.status("a:1")?.status, "down");
  assertEquals(test.checker.status("b:1"), undefined);
  const checks = test.prober.times("b:1").length;
  await test.scheduler.advance(5000);
  assertEquals(test.prober.times("b:1").length, checks);
});

Deno.test("Checker: an observer may change the targets", async () => {
  const scheduler = new FakeScheduler();
  const prober = new ScriptedProber(scheduler);
  prober.outcomes.set("a:1", failure("no"));
  const checker: Checker = new Checker({
    prober,
    scheduler,
    intervalMs: 1000,
    rise: 1,
    fall: 1,
    observer: { wentUp: (): void => {}, wentDown: (): void => checker.setTargets([]) },
  });
  checker.setTargets([named("a:1")]);
  await scheduler.advance(5000);
  assertEquals([prober.began.length, scheduler.pending], [1, 0]);
  await checker.stop();
});

Deno.test("Checker: stop cancels running checks, and none follow", async () => {
  await using test = new Setting({ maxAtOnce: 1, fall: 1 });
  test.prober.durationMs = Infinity;
  test.check("a:1", "b:1");
  await test.checker.stop();
  assertEquals([test.prober.calledOff, test.prober.began.length, test.scheduler.pending], [1, 1, 0]);
  test.check("c:1");
  assertEquals(test.prober.began.length, 1);
});

Deno.test("Checker: sees a real target go down and come back, each once", async () => {
  const transitions: string[] = [];
  const awaited: (() => void)[] = [];
  const next = (): Promise<void> => new Promise((resolve) => void awaited.push(resolve));
  const tell = (transition: string): void => {
    transitions.push(transition);
    awaited.shift()?.();
  };
  await using steady = new TestTarget(echo);
  let target = new TestTarget(echo);
  const { port, address } = target;
  const checker = new Checker({
    prober: new Probe({
      timeoutMs: 50,
      exchange: () =>
        new Steps([{ send: new TextEncoder().encode("ping"), expect: parseExpect("/^ping$|^ping/") }]),
    }),
    intervalMs: 5,
    rise: 2,
    fall: 2,
    observer: {
      wentUp: (label) => tell(`up ${label}`),
      wentDown: (label, why) => tell(`down ${label}: ${why.replace(/ *\(.*/, "")}`),
    },
  });
  try {
    checker.setTargets([named(address), named(steady.address)]);
    await target.done(3);

    let changed = next();
    await target[Symbol.asyncDispose]();
    await changed;
    assertEquals(checker.status(address)?.status, "down");
    changed = next();
    target = new TestTarget(echo, { port });
    await changed;
    assertEquals(checker.status(address)?.status, "up");

    changed = next();
    await target[Symbol.asyncDispose]();
    target = new TestTarget(neverAnswering, { port });
    await changed;
    assertEquals(checker.status(steady.address)?.status, "up");
  } finally {
    await checker.stop();
    await target[Symbol.asyncDispose]();
  }
  const kinds = transitions.map((transition) => transition.split(":")[0]);
  assertEquals(kinds, ["down 127.0.0.1", "up 127.0.0.1", "down 127.0.0.1"]);
  assertEquals(transitions.some((transition) => transition.includes(steady.address)), false);
});
