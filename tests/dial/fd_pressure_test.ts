import { assertEquals, assertNotStrictEquals, assertStrictEquals } from "@std/assert";
import { FdPressure, type FdPressureOptions, type StarvedDial } from "../../lib/dial/fd_pressure.ts";
import { SharedCount } from "../../lib/limits/mod.ts";
import { FakeTime } from "../helpers/fakes/fake_time.ts";

const OPEN = new AbortController().signal;
const HOUR_MS = 3_600_000;

/** Says whether a listener is held still. */
function watch(hold: Promise<void> | undefined): { isHeld: () => boolean } {
  let isHeld = hold !== undefined;
  hold?.then(() => isHeld = false);
  return { isHeld: () => isHeld };
}

function dialsOf(fdPressure: FdPressure, count: number): StarvedDial[] {
  return Array.from({ length: count }, () => fdPressure.begin());
}

/** The numbers of those that must give way. */
function givingWay(dials: readonly StarvedDial[]): number[] {
  return dials.flatMap((dial, index) => dial.mustGiveWay() ? [index] : []);
}

/** The same want, as so many threads of one process see it. */
function threads(count: number, options: FdPressureOptions): [FdPressure, FdPressure, ...FdPressure[]] {
  const memory = SharedCount.allocate(count);
  const moves = new Int32Array(new SharedArrayBuffer(4));
  const make = (worker: number): FdPressure =>
    new FdPressure({
      ...options,
      everywhere: { count: new SharedCount(memory, { worker, max: Infinity }), moves },
    });
  return [make(0), make(1), ...Array.from({ length: count - 2 }, (_, index) => make(index + 2))];
}

Deno.test("FdPressure.hold: holds listeners only while a dial lacks a descriptor", async () => {
  const fdPressure = new FdPressure({ maxHoldMs: HOUR_MS });
  assertStrictEquals(fdPressure.hold(OPEN), undefined);
  const [first, second] = dialsOf(fdPressure, 2);
  const hold = fdPressure.hold(OPEN);
  const listener = watch(hold);
  first?.[Symbol.dispose]();
  await Promise.resolve();
  assertStrictEquals(listener.isHeld(), true);
  second?.[Symbol.dispose]();
  await hold;
  assertStrictEquals(fdPressure.hold(OPEN), undefined);
});

Deno.test("FdPressure.hold: a dial that never goes on holds for a limited time", async () => {
  const fdPressure = new FdPressure({ maxHoldMs: 10 });
  using _forgotten = fdPressure.begin();
  await fdPressure.hold(OPEN);
  // And the next one again.
  assertNotStrictEquals(fdPressure.hold(AbortSignal.timeout(1)), undefined);
  await fdPressure.hold(OPEN);
});

Deno.test("FdPressure.hold: releases a listener that closes", async () => {
  const fdPressure = new FdPressure({ maxHoldMs: HOUR_MS });
  using _dial = fdPressure.begin();
  const closing = new AbortController();
  const hold = fdPressure.hold(closing.signal);
  closing.abort();
  await hold;
  assertStrictEquals(fdPressure.hold(closing.signal), undefined);
});

Deno.test("FdPressure.hold: holds for the dials of another thread too", async () => {
  const [there, here] = threads(2, { maxHoldMs: HOUR_MS });
  assertStrictEquals(here.hold(OPEN), undefined);
  const dial = there.begin();
  const hold = here.hold(OPEN);
  assertStrictEquals(watch(hold).isHeld(), true);
  dial[Symbol.dispose]();
  await hold;
  assertStrictEquals(here.hold(OPEN), undefined);
});

Deno.test("FdPressure: when no dial has gone on for a second the younger half gives way, and none before", () => {
  const time = new FakeTime();
  const fdPressure = new FdPressure({ clock: time.clock });
  const dials = dialsOf(fdPressure, 5);
  time.nowMs = 999;
  assertEquals(givingWay(dials), []);
  // One goes on, and so all may wait.
  dials.shift()?.[Symbol.dispose]();
  time.nowMs = 1998;
  assertEquals(givingWay(dials), []);
  time.nowMs = 1999;
  assertEquals(givingWay(dials), [2, 3]);
  for (const dial of dials.splice(2)) dial[Symbol.dispose]();
  // That they have given way is not that one has gone on: what they leave must have time to be of use.
  time.nowMs = 2998;
  assertEquals(givingWay(dials), []);
  time.nowMs = 2999;
  assertEquals(givingWay(dials), [1]);
});

Deno.test("FdPressure: a lone dial never gives way, because that would serve nobody", () => {
  const time = new FakeTime();
  const fdPressure = new FdPressure({ clock: time.clock });
  const dials = dialsOf(fdPressure, 1);
  time.nowMs = HOUR_MS;
  assertEquals(givingWay(dials), []);
});

Deno.test("FdPressure: of one dial in each of two threads one gives way, and the other does not", () => {
  const time = new FakeTime();
  const all = threads(2, { clock: time.clock });
  const dials = all.map((fdPressure) => fdPressure.begin());
  time.nowMs = 999;
  assertEquals(givingWay(dials), []);
  time.nowMs = 1000;
  assertEquals(givingWay(dials), [1]);
  dials[1]?.[Symbol.dispose]();
  time.nowMs = HOUR_MS;
  assertEquals(givingWay(dials.slice(0, 1)), []);
});

Deno.test("FdPressure: half of all dials give way, however they are spread over threads", () => {
  for (const counts of [[1, 1, 1], [3, 1, 2], [3, 3, 3, 1], [0, 1, 5], [1, 0, 0], [2, 2]]) {
    const time = new FakeTime();
    const dials = threads(counts.length, { clock: time.clock })
      .flatMap((fdPressure, thread) => dialsOf(fdPressure, counts[thread] ?? 0));
    time.nowMs = 1000;
    assertStrictEquals(givingWay(dials).length, Math.floor(dials.length / 2), `${counts}`);
  }
});

Deno.test("FdPressure: while a dial of another thread goes on, none gives way", () => {
  const time = new FakeTime();
  const [here, there] = threads(2, { clock: time.clock });
  const dials = dialsOf(here, 2);
  const other = there.begin();
  time.nowMs = 900;
  other[Symbol.dispose]();
  time.nowMs = 1100;
  assertEquals(givingWay(dials), []);
  time.nowMs = 2100;
  assertEquals(givingWay(dials), [1]);
});
