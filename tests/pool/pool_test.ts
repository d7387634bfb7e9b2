import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { clientHash } from "../../lib/balancing/mod.ts";
import {
  type Candidate,
  type Candidates,
  Pool,
  type PoolOptions,
  type Target,
  type TargetChange,
  type TargetSpec,
} from "../../lib/pool/mod.ts";
import { FakeTime } from "../helpers/fakes/fake_time.ts";

const CONTEXT = { clientHash: clientHash("192.0.2.1") };

/** A pool of targets on ports of one host, in time that stands still, and what it tells. */
class TestPool {
  readonly pool: Pool;
  readonly time = new FakeTime();
  readonly changes: string[] = [];

  constructor(
    targets: readonly (Partial<TargetSpec> & { port: number })[],
    options: Partial<PoolOptions> = {},
  ) {
    this.pool = new Pool(specs(targets), {
      balance: "first",
      random: () => 0,
      clock: this.time.clock,
      observer: {
        targetChanged: (target: Target, change: TargetChange) =>
          void this.changes.push(`${target.label} ${change}`),
      },
      ...options,
    });
  }

  [Symbol.dispose](): void {
    this.pool.stop();
  }

  target(port: number): Target {
    const target = this.pool.targets.find(({ label }) => label === labelOf(port));
    if (target === undefined) throw new Error(`test pool: there is no target on port ${port}`);
    return target;
  }

  begin(): Candidates {
    return this.pool.begin(0, CONTEXT);
  }

  /** Begins a connection with its first candidate. */
  connect(): { readonly candidates: Candidates; readonly candidate: Candidate | undefined } {
    const candidates = this.begin();
    return { candidates, candidate: candidates.next() };
  }

  /** All candidates of one connection, in order, by port. */
  order(): number[] {
    const candidates = this.begin();
    const ports: number[] = [];
    for (let next = candidates.next(); next !== undefined; next = candidates.next()) ports.push(portOf(next));
    return ports;
  }

  update(targets: readonly (Partial<TargetSpec> & { port: number })[]): void {
    this.pool.update(specs(targets));
  }
}

function specs(targets: readonly (Partial<TargetSpec> & { port: number })[]): TargetSpec[] {
  return targets.map(({ port, ...spec }) => ({ address: { kind: "tcp", host: "10.0.0.1", port }, ...spec }));
}

function labelOf(port: number): string {
  return `10.0.0.1:${port}`;
}

function portOf(candidate: Candidate): number {
  return candidate.address.kind === "tcp" ? candidate.address.port : 0;
}

Deno.test("Pool: a candidate counts on its target until the next is requested", () => {
  using test = new TestPool([{ port: 1 }, { port: 2 }]);
  const { candidates } = test.connect();
  assertEquals([test.target(1).active, test.target(2).active], [1, 0]);
  candidates.next();
  assertEquals([test.target(1).active, test.target(2).active], [0, 1]);
  candidates.release();
  candidates.release();
  assertEquals([test.target(1).active, test.target(2).active], [0, 0]);
});

Deno.test("Pool: backups come after the primaries, rank after rank", () => {
  using test = new TestPool([{ port: 1, tier: 2 }, { port: 2, tier: 0 }, { port: 3, tier: 1 }]);
  assertEquals(test.order(), [2, 3, 1]);
});

Deno.test("Pool: a down target is not tried, and each change is reported once", () => {
  using test = new TestPool([{ port: 1 }, { port: 2 }]);
  for (const up of [false, false, true, true]) {
    test.pool.setUp(test.target(1), up, "a check says so");
    assertEquals(test.order(), up ? [1, 2] : [2]);
  }
  assertEquals(test.changes, [`${labelOf(1)} down`, `${labelOf(1)} up`]);
});

Deno.test("Pool: with all targets down all are tried, but never one of weight 0", () => {
  using test = new TestPool([{ port: 1 }, { port: 2, weight: 0 }, { port: 3, tier: 1 }]);
  test.pool.setUp(test.target(1), false, "");
  assertEquals([test.pool.desperate, test.order()], [false, [3]]);
  test.pool.setUp(test.target(3), false, "");
  assertEquals([test.pool.desperate, test.order()], [true, [1, 3]]);
  test.pool.setUp(test.target(3), true, "");
  assertEquals([test.pool.desperate, test.order()], [false, [3]]);
});

Deno.test("Pool: with weight 0 everywhere there is no candidate and nothing to wait for", () => {
  using test = new TestPool([{ port: 1, weight: 0, maxConnections: 1 }]);
  assertEquals([test.order(), test.pool.crowded], [[], false]);
});

Deno.test("Pool: full targets are skipped; without a limit none is ever full", () => {
  for (const maxConnections of [1, Infinity]) {
    using test = new TestPool([{ port: 1, maxConnections }, { port: 2, tier: 1 }]);
    test.connect();
    assertEquals(test.order(), maxConnections === 1 ? [2] : [1, 2]);
    assertStrictEquals(test.pool.limited, maxConnections === 1);
  }
});

Deno.test("Pool: is crowded when every usable target is full", () => {
  using test = new TestPool([{ port: 1, maxConnections: 1 }, { port: 2, maxConnections: 1 }]);
  const first = test.connect();
  assertStrictEquals(test.pool.crowded, false);
  test.pool.setUp(test.target(2), false, "");
  assertStrictEquals(test.pool.crowded, true);
  first.candidates.release();
  assertStrictEquals(test.pool.crowded, false);
});

const PASSIVE = { failures: 2, windowMs: 1000, ejectForMs: 100, maxEjected: 1 };

Deno.test("Pool: failures in a row eject a target until its time is over; without passive health they do not", () => {
  for (const passive of [PASSIVE, undefined]) {
    using test = new TestPool([{ port: 1 }, { port: 2 }], passive && { passive });
    for (let count = 0; count < 2; count++) test.pool.report(test.target(1), "failed");
    assertEquals(test.order(), passive ? [2] : [1, 2]);
    test.time.nowMs = 99;
    test.pool.tick();
    assertEquals(test.order(), passive ? [2] : [1, 2]);
    test.time.nowMs = 100;
    test.pool.tick();
    assertEquals(test.order(), [1, 2]);
    assertEquals(test.changes, passive ? [`${labelOf(1)} ejected`, `${labelOf(1)} returned`] : []);
  }
});

Deno.test("Pool: an ejection is reported with cause and duration, longer each time", () => {
  for (const failures of [1, 2]) {
    const details: string[] = [];
    const observer = { targetChanged: (...what: unknown[]) => void details.push(String(what[2])) };
    using test = new TestPool([{ port: 1 }, { port: 2 }], { passive: { ...PASSIVE, failures }, observer });
    for (let count = 0; count < failures; count++) test.pool.report(test.target(1), "failed");
    test.time.nowMs = 100.25;
    test.pool.tick();
    for (let count = 0; count < failures; count++) test.pool.report(test.target(1), "failed");
    const failed = failures === 1 ? "a connection failed" : "2 connections in a row failed";
    assertEquals(details, [
      `for 100ms, after ${failed}`,
      "ejection ended",
      `for 200ms, after ${failed}`,
    ]);
  }
});

Deno.test("Pool: a connection that went well resets the count of failures", () => {
  using test = new TestPool([{ port: 1 }, { port: 2 }], { passive: PASSIVE });
  for (const outcome of ["failed", "succeeded", "failed"] as const) test.pool.report(test.target(1), outcome);
  assertEquals(test.order(), [1, 2]);
});

Deno.test("Pool: the last target that can be used is never ejected", () => {
  using test = new TestPool([{ port: 1 }, { port: 2 }], { passive: PASSIVE });
  test.pool.setUp(test.target(2), false, "");
  for (let count = 0; count < 10; count++) test.pool.report(test.target(1), "failed");
  assertEquals(test.order(), [1]);
});

Deno.test("Pool: an ejection longer than the longest timer does not spin", async () => {
  const passive = { ...PASSIVE, ejectForMs: 30 * 24 * 3600 * 1000 };
  let asked = 0;
  const clock = { nowMs: (): number => (asked++, 0) };
  using test = new TestPool([{ port: 1 }, { port: 2 }], { passive, clock });
  for (let count = 0; count < 2; count++) test.pool.report(test.target(1), "failed");
  const before = asked;
  // Timers are called back in the order of their delays: one of a millisecond would have been by now.
  await new Promise((resolve) => setTimeout(resolve, 10));
  assertStrictEquals(asked, before);
});

Deno.test("Pool: a returning target regains its weight gradually; without slow start at once", () => {
  for (const slowStartMs of [0, 1000]) {
    using test = new TestPool([{ port: 1 }, { port: 2 }], { balance: "round_robin", slowStartMs });
    const target = test.target(1);
    test.pool.setUp(target, false, "");
    test.time.nowMs = 10_000;
    test.pool.setUp(target, true, "");
    const counts: number[] = [];
    for (const sinceMs of [0, 500, 1000]) {
      test.time.nowMs = 10_000 + sinceMs;
      test.pool.tick();
      let chosen = 0;
      for (let count = 0; count < 110 * 31; count++) {
        const { candidates, candidate } = test.connect();
        if (candidate !== undefined && portOf(candidate) === 1) chosen++;
        candidates.release();
      }
      counts.push(chosen);
    }
    const half = 110 * 31 / 2;
    if (slowStartMs === 0) {
      assertEquals(counts, [half, half, half]);
      continue;
    }
    // Shares of 0.1, 0.55 and 1 beside 1, as near as 256ths and the place in the period allow.
    for (const [index, share] of [0.1, 0.55, 1].entries()) {
      const wanted = 110 * 31 * share / (1 + share);
      const have = counts[index] ?? 0;
      assert(Math.abs(have - wanted) <= 10, `${have} connections at step ${index}; expected ${wanted}`);
    }
  }
});

Deno.test("Pool: update keeps connections, health and ejections of kept targets, and reports the others", () => {
  using test = new TestPool([{ port: 1 }, { port: 2 }, { port: 3 }], { passive: PASSIVE });
  const { candidates } = test.connect();
  const kept = test.target(1);
  test.pool.setUp(test.target(2), false, "");
  for (let count = 0; count < 2; count++) test.pool.report(test.target(3), "failed");
  test.changes.length = 0;
  test.update([{ port: 3 }, { port: 2 }, { port: 1, weight: 7, tier: 1 }, { port: 4 }]);
  assertStrictEquals(test.target(1), kept);
  assertEquals([kept.active, kept.weight, kept.tier], [1, 7, 1]);
  assertEquals(test.order(), [4, 1]);
  assertEquals(test.changes, [`${labelOf(4)} added`]);
  candidates.release();
  assertStrictEquals(kept.active, 0);

  test.time.nowMs = 100;
  test.pool.tick();
  assertEquals(test.order(), [3, 4, 1]);
  test.update([{ port: 4 }]);
  assertEquals(test.changes.slice(-3), [3, 2, 1].map((port) => `${labelOf(port)} removed`));
});

Deno.test("Pool: update keeps both of a duplicated target", () => {
  const twice = [{ port: 1, maxConnections: 1 }, { port: 1, maxConnections: 1 }];
  using test = new TestPool(twice);
  const before = [...test.pool.targets];
  test.connect();
  test.connect();
  test.update(twice);
  assertEquals(test.pool.targets.map((target, index) => target === before[index]), [true, true]);
  assertEquals([test.order(), test.pool.crowded, test.changes], [[], true, []]);
});

Deno.test("Pool: targets discovered later get a slow start, those of the first answer do not", () => {
  using test = new TestPool([], { balance: "round_robin", slowStartMs: 1000 });
  test.update([{ port: 1 }]);
  test.time.nowMs = 5000;
  test.update([{ port: 1 }, { port: 2 }]);
  const first = Array.from({ length: 4 }, () => {
    const { candidates, candidate } = test.connect();
    candidates.release();
    return candidate === undefined ? 0 : portOf(candidate);
  });
  assertEquals(first.filter((port) => port === 1).length >= 3, true);
});

Deno.test("Pool: a target that is drained or down by an operator is not tried, not even when no other is usable", () => {
  for (const admin of ["drain", "down"] as const) {
    using test = new TestPool([{ port: 1 }, { port: 2 }]);
    test.update([{ port: 1, admin }, { port: 2 }]);
    assertEquals(test.order(), [2]);
    test.pool.setUp(test.target(2), false, "");
    assertEquals([test.pool.desperate, test.order()], [true, [2]]);
    test.update([{ port: 1, admin }, { port: 2, admin }]);
    assertEquals(test.order(), []);
    test.update([{ port: 1 }, { port: 2, admin }]);
    assertEquals(test.order(), [1]);
    assertEquals(test.changes, [`${labelOf(2)} down`]);
  }
});

Deno.test("Pool: what checks say of a drained target goes on being noted, with reason and time", () => {
  let nowMs = 1000;
  using test = new TestPool([{ port: 1, admin: "drain" }], { wallClockMs: () => nowMs });
  const target = test.target(1);
  assertEquals([target.health, target.detail, target.changedAtMs], ["up", "", undefined]);
  test.pool.setUp(target, false, "connection refused");
  nowMs = 2000;
  test.pool.setUp(target, false, "still refused");
  assertEquals([target.health, target.detail, target.changedAtMs], ["down", "connection refused", 1000]);
  test.pool.setUp(target, true, "checks succeed");
  assertEquals([target.health, target.detail, target.changedAtMs], ["up", "", 2000]);
});

Deno.test("Pool: a target that an operator lets take connections again starts slowly", () => {
  using test = new TestPool([{ port: 1 }, { port: 2, admin: "down" }], { slowStartMs: 1000 });
  test.update([{ port: 1 }, { port: 2 }]);
  assertEquals([1, 2].map((port) => test.pool.weightOf(test.target(port))), [1, 0.1]);
});

Deno.test("Pool: a connection that waits for a place at a target gives up when that is drained", async () => {
  using test = new TestPool([{ port: 1, maxConnections: 1 }]);
  test.connect();
  const waiting = test.pool.waitForPlace(test.begin(), {
    signal: new AbortController().signal,
    timeoutMs: 60_000,
  });
  test.update([{ port: 1, maxConnections: 1, admin: "drain" }]);
  assertEquals(await waiting, "none");
});
