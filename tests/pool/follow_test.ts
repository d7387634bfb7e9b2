import { assertEquals, assertStrictEquals } from "@std/assert";
import { type Address, parseAddress } from "../../lib/base/mod.ts";
import { SharedCount } from "../../lib/limits/mod.ts";
import { Pool, type PoolOptions, statesOf, type TargetSpec } from "../../lib/pool/mod.ts";

const CONTEXT = { clientHash: 0 };

function specs(...ports: number[]): (TargetSpec & { address: Address })[] {
  return ports.map((port) => ({ address: parseAddress(`h:${port}`) }));
}

/** A pool, and what its observer gets. */
function reported(
  of: readonly TargetSpec[],
  options: Partial<PoolOptions> = {},
): { pool: Pool; changes: string[] } {
  const changes: string[] = [];
  const pool = new Pool(of, {
    balance: "first",
    observer: { targetChanged: (target, change) => void changes.push(`${target.label} ${change}`) },
    ...options,
  });
  return { pool, changes };
}

function order(pool: Pool): string[] {
  const candidates = pool.begin(1, CONTEXT);
  const labels: string[] = [];
  for (let next = candidates.next(); next !== undefined; next = candidates.next()) labels.push(next.label);
  return labels;
}

Deno.test("Pool.follow: applies another thread's target states, and reports each change once", () => {
  const { pool: leader } = reported(specs(1, 2, 3), {
    passive: { failures: 1, windowMs: 1000, ejectForMs: 1_000_000, maxEjected: 1 },
  });
  const { pool, changes } = reported(specs(1, 2, 3));
  const [first, second] = leader.targets;
  if (first === undefined || second === undefined) throw new Error("there are no targets; expected three");
  leader.setUp(first, false, "");
  leader.report(second, "failed");
  for (let i = 0; i < 2; i++) pool.follow(structuredClone(statesOf(leader.targets)));
  assertEquals([order(pool), changes], [["h:3"], ["h:1 down", "h:2 ejected"]]);
  leader.setUp(first, true, "");
  pool.follow(statesOf(leader.targets));
  assertEquals([order(pool), changes.at(-1)], [["h:1", "h:3"], "h:1 up"]);
  leader.stop();
});

Deno.test("Pool.follow: a renamed target stays the same target, in both pools", () => {
  const { pool: leader } = reported([]);
  const { pool, changes } = reported([]);
  for (const serverName of ["a.test", "b.test"]) {
    leader.update(specs(1).map((spec) => ({ ...spec, serverName })));
    pool.follow(structuredClone(statesOf(leader.targets)));
    assertEquals(pool.targets.map((target) => target.serverName), [serverName]);
  }
  assertEquals(changes, ["h:1 added"]);
});

Deno.test("Pool.follow: discovered targets come and go, with their weights and tiers", () => {
  const { pool: leader } = reported([]);
  const { pool, changes } = reported([]);
  leader.update(specs(1, 2));
  pool.follow(statesOf(leader.targets));
  leader.update(specs(2, 3).map((spec, index) => ({ ...spec, weight: index === 0 ? 5 : 1, tier: index })));
  pool.follow(statesOf(leader.targets));
  assertEquals(changes, ["h:1 added", "h:2 added", "h:3 added", "h:1 removed"]);
  assertEquals(statesOf(pool.targets), statesOf(leader.targets));
});

Deno.test("Pool: outcomes go to onReport, and every change of state to onChange", () => {
  const reports: string[] = [];
  let changes = 0;
  const { pool } = reported(specs(1, 2), {
    onReport: ({ index, label }, outcome) => reports.push(`${index} ${label} ${outcome}`),
    onChange: () => changes++,
  });
  const [, second] = pool.targets;
  if (second === undefined) throw new Error("there is no second target; expected one");
  pool.report(second, "failed");
  pool.report(second, "succeeded");
  assertEquals([reports, second.usable, changes], [["1 h:2 failed", "1 h:2 succeeded"], true, 0]);
  pool.setUp(second, false, "");
  pool.setUp(second, false, "");
  assertStrictEquals(changes, 1);
  pool.update(specs(1));
  assertStrictEquals(changes, 2);
});

Deno.test("Pool: skips a target whose places another thread has taken, and can wait for it", () => {
  const memory = SharedCount.allocate(2);
  const elsewhere = new SharedCount(memory, { worker: 1, max: 1 });
  const places = new SharedCount(memory, { worker: 0, max: 1 });
  const [one, two] = specs(1, 2);
  if (one === undefined || two === undefined) throw new Error("there are no specs; expected two");
  const { pool } = reported([{ ...one, maxConnections: 1, places }, two]);
  elsewhere.tryTake();
  const candidates = pool.begin(1, CONTEXT);
  assertEquals([candidates.next()?.label, pool.crowded], ["h:2", false]);
  // What was passed over is left to be waited for.
  assertEquals([candidates.next(), pool.hasLeft(candidates)], [undefined, true]);
  // Nothing has reported to the pool that the place is free again.
  elsewhere.giveBack();
  const again = pool.begin(1, CONTEXT);
  assertEquals([again.next()?.label, elsewhere.taken], ["h:1", 1]);
  again.release();
  assertStrictEquals(elsewhere.taken, 0);
});

Deno.test("Pool.waitForPlace: a place freed by another thread wakes a waiting connection", async () => {
  const memory = SharedCount.allocate(2);
  const elsewhere = new SharedCount(memory, { worker: 1, max: 1 });
  const places = new SharedCount(memory, { worker: 0, max: 1 });
  const { pool } = reported(specs(1).map((spec) => ({ ...spec, maxConnections: 1, places })));
  elsewhere.tryTake();
  assertEquals([pool.crowded, order(pool)], [true, []]);
  const { signal } = new AbortController();
  const candidates = pool.begin(1, CONTEXT);
  const waiting = pool.waitForPlace(candidates, { signal, timeoutMs: Infinity });
  elsewhere.giveBack();
  // Who comes before the place is found is behind the one that waits for it.
  assertStrictEquals(pool.crowded, true);
  const later = pool.waitForPlace(pool.begin(1, CONTEXT), { signal, timeoutMs: 20 });
  const outcome = await waiting;
  assertStrictEquals(typeof outcome === "string" ? outcome : outcome.label, "h:1");
  assertEquals([await later, elsewhere.taken], ["timeout", 1]);
  candidates.release();
  pool.stop();
});
