import { assertEquals, assertStrictEquals } from "@std/assert";
import { Sweep, type Sweepable, sweepPeriodMs } from "../../lib/relay/mod.ts";

/** A member that keeps the sweeps that it has seen, and may do something at each. */
class Member implements Sweepable {
  sweepSlot = -1;
  readonly seen: [number, number][] = [];
  readonly #atSweep: () => void;

  constructor(atSweep: () => void = (): void => {}) {
    this.#atSweep = atSweep;
  }

  sweep(nowMs: number, slackMs: number): void {
    this.seen.push([nowMs, slackMs]);
    this.#atSweep();
  }
}

/** A sweep whose timer never comes: the test ticks. */
class Bench implements Disposable {
  nowMs = 1000;
  readonly sweep = new Sweep<Member>(1_000_000, { nowMs: () => this.nowMs });

  tickAt(nowMs: number): void {
    this.nowMs = nowMs;
    this.sweep.tick();
  }

  [Symbol.dispose](): void {
    this.sweep.stop();
  }
}

Deno.test("Sweep: a tick passes its time and the slack to every member", () => {
  using bench = new Bench();
  const members = [new Member(), new Member(), new Member()];
  for (const member of members) bench.sweep.add(member);
  bench.tickAt(5000);
  for (const member of members) assertEquals(member.seen, [[5000, 1_000_000]]);
});

Deno.test("Sweep: nowMs is the time of the last tick, whatever the clock says", () => {
  using bench = new Bench();
  bench.sweep.add(new Member());
  bench.tickAt(2000);
  bench.nowMs = 9000;
  assertStrictEquals(bench.sweep.nowMs, 2000);
});

Deno.test("Sweep: adding the first member refreshes a stale time", () => {
  using bench = new Bench();
  bench.nowMs = 7000;
  bench.sweep.add(new Member());
  assertStrictEquals(bench.sweep.nowMs, 7000);
});

Deno.test("Sweep: sweeps all members but those deleted", () => {
  using bench = new Bench();
  const members = Array.from({ length: 5 }, () => new Member());
  for (const member of members) bench.sweep.add(member);
  for (const index of [0, 4, 2]) bench.sweep.delete(members[index] ?? new Member());
  bench.tickAt(2000);
  assertEquals(members.map(({ seen }) => seen.length), [0, 1, 0, 1, 0]);
});

Deno.test("Sweep: deleting a non-member, or deleting twice, changes nothing", () => {
  using bench = new Bench();
  const [member, stranger] = [new Member(), new Member()];
  bench.sweep.add(member);
  bench.sweep.delete(stranger);
  const gone = new Member();
  bench.sweep.add(gone);
  bench.sweep.delete(gone);
  bench.sweep.delete(gone);
  bench.tickAt(2000);
  assertEquals([member.seen.length, stranger.seen.length, gone.seen.length], [1, 0, 0]);
});

Deno.test("Sweep: members that leave during a tick do not make others miss it", () => {
  using bench = new Bench();
  const members: Member[] = Array.from(
    { length: 6 },
    (_, index) => new Member(() => index % 2 === 0 && bench.sweep.delete(members[index] ?? new Member())),
  );
  for (const member of members) bench.sweep.add(member);
  bench.tickAt(2000);
  assertEquals(members.map(({ seen }) => seen.length), [1, 1, 1, 1, 1, 1]);
  bench.tickAt(3000);
  assertEquals(members.map(({ seen }) => seen.length), [1, 2, 1, 2, 1, 2]);
});

Deno.test("Sweep: its timer ends with its last member, and the next member starts it again", async () => {
  let now = 0;
  const swept = Promise.withResolvers<void>();
  const sweep = new Sweep<Member>(1, { nowMs: () => ++now });
  const first = new Member();
  sweep.add(first);
  sweep.delete(first);
  // The tick that finds nobody clears the timer; were it left, the sanitizer would report it.
  sweep.tick();
  const second = new Member(() => swept.resolve());
  sweep.add(second);
  await swept.promise;
  sweep.delete(second);
  sweep.tick();
  assertStrictEquals(first.seen.length, 0);
});

Deno.test("sweepPeriodMs: an eighth of the shortest limit, between 10 ms and 1 s", () => {
  assertStrictEquals(sweepPeriodMs([400, 3_600_000]), 50);
  assertStrictEquals(sweepPeriodMs([1]), 10);
  assertStrictEquals(sweepPeriodMs([3_600_000]), 1000);
  assertStrictEquals(sweepPeriodMs([Infinity, Infinity]), 1000);
  assertStrictEquals(sweepPeriodMs([]), 1000);
});
