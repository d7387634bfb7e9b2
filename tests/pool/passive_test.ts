import { assertEquals, assertLess, assertLessOrEqual } from "@std/assert";
import fc from "fast-check";
import { MAX_EJECTION_MULTIPLE, PassiveHealth, type PassiveOptions } from "../../lib/pool/passive.ts";

function passive(size: number, options: Partial<PassiveOptions> = {}): PassiveHealth {
  return new PassiveHealth(size, {
    failures: 3,
    windowMs: 30_000,
    ejectForMs: 10_000,
    maxEjected: 0.5,
    isAvailable: () => true,
    ...options,
  });
}

/** Lets a target fail until it is ejected, and gives for how long. */
function ejectionMs(health: PassiveHealth, index: number, nowMs: number): number {
  for (let failure = 0; failure < 3; failure++) {
    if (health.failed(index, nowMs)) return health.nextReturnMs - nowMs;
  }
  return 0;
}

Deno.test("PassiveHealth: the last of three failures in a row ejects", () => {
  const health = passive(4);
  assertEquals([health.failed(1, 0), health.failed(1, 5), health.failed(1, 9)], [false, false, true]);
  assertEquals([0, 1, 2, 3].map((index) => health.isEjected(index)), [false, true, false, false]);
});

Deno.test("PassiveHealth: a success between failures resets the count", () => {
  const health = passive(4);
  health.failed(1, 0);
  health.failed(1, 1);
  health.succeeded(1);
  assertEquals([health.failed(1, 2), health.failed(1, 3), health.failed(1, 4)], [false, false, true]);
});

Deno.test("PassiveHealth: failures of different targets do not add up", () => {
  const health = passive(4);
  assertEquals([0, 1, 2, 3, 0, 1, 2, 3].some((index) => health.failed(index, 0)), false);
});

Deno.test("PassiveHealth: failures further apart than the window do not eject", () => {
  const health = passive(4);
  assertEquals([0, 15_001, 30_001, 45_001].map((nowMs) => health.failed(1, nowMs)), [
    false,
    false,
    false,
    true,
  ]);
});

Deno.test("PassiveHealth: returns when its time is over, and not before", () => {
  const health = passive(4);
  assertEquals(ejectionMs(health, 1, 500), 10_000);
  assertEquals(health.release(10_499), []);
  assertEquals(health.release(10_500), [1]);
  assertEquals([health.isEjected(1), health.nextReturnMs], [false, Infinity]);
});

Deno.test("PassiveHealth: failing again at once ejects for longer, up to a bound", () => {
  const health = passive(4);
  const durations: number[] = [];
  let nowMs = 0;
  for (let round = 0; round < 12; round++) {
    const duration = ejectionMs(health, 1, nowMs);
    durations.push(duration / 10_000);
    nowMs += duration;
    assertEquals(health.release(nowMs), [1]);
  }
  assertEquals(durations, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 10, 10]);
  assertEquals(MAX_EJECTION_MULTIPLE, 10);
});

Deno.test("PassiveHealth: time back in use shortens the next ejection", () => {
  const health = passive(4);
  let nowMs = 0;
  for (let round = 0; round < 4; round++) {
    nowMs += ejectionMs(health, 1, nowMs);
    health.release(nowMs);
  }
  assertEquals(ejectionMs(health, 1, nowMs + 25_000), 30_000);
  health.release(nowMs + 55_000);
  assertEquals(ejectionMs(health, 1, nowMs + 1_000_000), 10_000);
});

Deno.test("PassiveHealth: at most the share is ejected at once", () => {
  const health = passive(5);
  assertEquals([0, 1, 2, 3, 4].map((index) => ejectionMs(health, index, 0) > 0), [
    true,
    true,
    false,
    false,
    false,
  ]);
  health.release(10_000);
  // It has failed often enough: one more failure ejects, as soon as there is room.
  assertEquals(health.failed(2, 10_001), true);
});

Deno.test("PassiveHealth: a small share still allows one, and 0 none", () => {
  assertEquals(ejectionMs(passive(3, { maxEjected: 0.1 }), 0, 0), 10_000);
  assertEquals(ejectionMs(passive(3, { maxEjected: 0 }), 0, 0), 0);
});

Deno.test("PassiveHealth: the last available one stays", () => {
  assertEquals(ejectionMs(passive(1, { maxEjected: 1 }), 0, 0), 0);
  const down = new Set([1, 2]);
  const health = passive(3, { maxEjected: 1, isAvailable: (index) => !down.has(index) });
  assertEquals(ejectionMs(health, 0, 0), 0);
  down.delete(2);
  assertEquals(health.failed(0, 1), true);
  assertEquals(ejectionMs(health, 2, 2), 0);
});

Deno.test("PassiveHealth: failures while ejected change nothing", () => {
  const health = passive(4);
  ejectionMs(health, 1, 0);
  assertEquals([1, 2, 3].map((nowMs) => health.failed(1, nowMs)), [false, false, false]);
  assertEquals(health.nextReturnMs, 10_000);
});

Deno.test("PassiveHealth: keeps both bounds and returns every target, whatever happens", () => {
  const step = fc.record({ index: fc.nat({ max: 5 }), passMs: fc.nat({ max: 9000 }), isGood: fc.boolean() });
  fc.assert(fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
    const health = passive(6, { failures: 2, maxEjected: 0.7 });
    const count = (): number => [0, 1, 2, 3, 4, 5].filter((index) => health.isEjected(index)).length;
    let nowMs = 0;
    for (const { index, passMs, isGood } of steps) {
      nowMs += passMs;
      health.release(nowMs);
      assertLess(nowMs, health.nextReturnMs);
      if (isGood) health.succeeded(index);
      else health.failed(index, nowMs);
      assertLessOrEqual(count(), 4);
      assertEquals(health.nextReturnMs === Infinity, count() === 0);
    }
    health.release(nowMs + MAX_EJECTION_MULTIPLE * 10_000);
    assertEquals(count(), 0);
  }));
});
