import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { target } from "../helpers/fakes/answering_dialer.ts";
import { Clients, settled } from "../helpers/fakes/pool_clients.ts";

Deno.test("dialPool: those that wait are served in order of arrival, one for each place", async () => {
  using clients = new Clients([target(1, 1)]);
  for (let count = 0; count < 4; count++) clients.arrive();
  await settled();
  assertEquals([clients.served, clients.waiting.size], [[1], 3]);
  clients.leave("holding", 0);
  await settled();
  assertEquals([clients.served, clients.waiting.size], [[1, 2], 2]);
});

Deno.test("dialPool: one that leaves while it waits frees its place in the queue", async () => {
  using clients = new Clients([target(1, 1)]);
  for (let count = 0; count < 3; count++) clients.arrive();
  await settled();
  clients.leave("waiting", 0);
  clients.leave("holding", 0);
  await settled();
  assertEquals([clients.served, clients.waiting.size], [[1, 3], 0]);
});

Deno.test("dialPool: one that leaves when it is its turn hands the place on", async () => {
  using clients = new Clients([target(1, 1)]);
  for (let count = 0; count < 3; count++) clients.arrive();
  await settled();
  const [second] = clients.waiting.values();
  clients.leave("holding", 0);
  second?.abort();
  await settled();
  assertEquals([clients.served, clients.waiting.size], [[1, 3], 0]);
});

Deno.test("dialPool: without time to wait a full pool is limit at once", async () => {
  using clients = new Clients([target(1, 1)]);
  clients.arrive();
  clients.arrive(0);
  await settled();
  assertEquals([clients.served, clients.limited], [[1], [2]]);
});

Deno.test("dialPool: a place that comes free on a target that is down wakes nobody, and the order stays", async () => {
  using clients = new Clients([target(1, 1), target(2, 1)]);
  for (let count = 0; count < 4; count++) clients.arrive();
  await settled();
  const [first, second] = clients.pool.targets;
  if (first === undefined || second === undefined) throw new Error("unreachable");
  clients.pool.setUp(first, false, "");
  clients.leave("holding", 0);
  await settled();
  assertEquals(clients.served, [1, 2]);
  clients.leave("holding", 0);
  await settled();
  assertEquals(clients.served, [1, 2, 3]);
});

Deno.test("dialPool: places that come with a target that was down, or is discovered, or is better than none, are taken", async () => {
  for (const kind of ["up", "discovered", "desperate"] as const) {
    using clients = new Clients([target(1, 1), target(2, 1)]);
    const [first, second] = clients.pool.targets;
    if (first === undefined || second === undefined) throw new Error("unreachable");
    clients.pool.setUp(second, false, "");
    clients.arrive();
    clients.arrive();
    await settled();
    assertEquals(clients.served, [1]);
    if (kind === "up") clients.pool.setUp(second, true, "");
    else if (kind === "discovered") clients.pool.update([target(1, 1), target(2, 1), target(3, 1)]);
    else clients.pool.setUp(first, false, "");
    await settled();
    assertEquals(clients.served, [1, 2], kind);
  }
});

Deno.test("dialPool: who finds that the others refuse waits for a place at one that is full, and dials none twice", async () => {
  using clients = new Clients([target(1, 9), target(2, 1), target(3, 9)]);
  for (const port of [1, 3]) clients.dialer.refusing.add(`10.0.0.1:${port}`);
  for (let count = 0; count < 3; count++) clients.arrive();
  await settled();
  assertEquals([clients.served, clients.waiting.size], [[1], 2]);
  assertEquals(clients.pool.targets.map(({ active }) => active), [0, 1, 0]);
  clients.leave("holding", 0);
  await settled();
  assertEquals([clients.served, clients.waiting.size, clients.twice], [[1, 2], 1, []]);
});

Deno.test("dialPool: who waits for a full target does not hold up those whom another can serve", async () => {
  using clients = new Clients([target(1, 9), target(2, 1)]);
  clients.dialer.refusing.add("10.0.0.1:1");
  clients.arrive();
  clients.arrive();
  await settled();
  clients.dialer.refusing.clear();
  clients.arrive();
  await settled();
  assertEquals([clients.served, clients.waiting.size], [[1, 3], 1]);
  clients.leave("holding", 0);
  await settled();
  assertEquals(clients.served, [1, 3, 2]);
});

Deno.test("dialPool: after queue_timeout it is limit; where no full target is left, no target, and at once", async () => {
  using clients = new Clients([target(1, 9), target(2, 1)]);
  clients.dialer.refusing.add("10.0.0.1:1");
  clients.arrive();
  clients.arrive(0);
  clients.arrive();
  await settled();
  assertEquals([clients.served, clients.limited, clients.waiting.size], [[1], [2], 1]);
  // Down, the full one is not used while another is up.
  const [, full] = clients.pool.targets;
  if (full === undefined) throw new Error("unreachable");
  clients.pool.setUp(full, false, "");
  clients.arrive();
  await settled();
  assertEquals([clients.failed.toSorted(), clients.waiting.size], [[3, 4], 0]);
});

Deno.test("dialPool: a target that comes while one waits is dialed, one that refuses then is left for good", async () => {
  using clients = new Clients([target(1, 1)]);
  clients.arrive();
  clients.arrive();
  await settled();
  clients.dialer.refusing.add("10.0.0.1:2");
  clients.pool.update([target(1, 1), target(2, 1)]);
  await settled();
  assertEquals([clients.served, clients.waiting.size], [[1], 1]);
  clients.pool.update([target(1, 1), target(2, 1), target(3, 1)]);
  await settled();
  assertEquals([clients.served, clients.waiting.size, clients.twice], [[1, 2], 0, []]);
});

const COMING_AND_GOING = fc.oneof(
  { weight: 4, arbitrary: fc.constant({ kind: "arrive" } as const) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("release" as const), nth: fc.nat(20) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("leave" as const), nth: fc.nat(20) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("refuse" as const), port: fc.nat(3), refuses: fc.boolean() }),
  },
);

/** Weights of up to three targets. */
const UPDATE = fc.record({
  kind: fc.constant("update" as const),
  weights: fc.array(fc.nat(2), { minLength: 1, maxLength: 3 }),
});

const HEALTH = fc.record({ kind: fc.constant("health" as const), nth: fc.nat(5), up: fc.boolean() });

/**
 * What happens before anything that follows from the first of it. A change of the targets is a turn of its own: who is
 * woken for a place that is gone in the same moment waits again, as the last.
 */
const TURN = fc.oneof(
  { weight: 4, arbitrary: fc.array(COMING_AND_GOING, { minLength: 1, maxLength: 4 }) },
  { weight: 1, arbitrary: fc.oneof(UPDATE, HEALTH).map((step) => [step]) },
);

Deno.test("dialPool: whatever comes and goes, nobody waits beside a free place, is overtaken, or counts for ever", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(TURN, { maxLength: 40 }), async (turns) => {
      using clients = new Clients([target(1, 1), target(2, 2)]);
      const seen = new Set(clients.pool.targets);
      for (const steps of turns) {
        for (const step of steps) {
          const { targets } = clients.pool;
          if (step.kind === "arrive") clients.arrive();
          else if (step.kind === "release") clients.leave("holding", step.nth);
          else if (step.kind === "leave") clients.leave("waiting", step.nth);
          else if (step.kind === "refuse") {
            clients.dialer.refusing[step.refuses ? "add" : "delete"](`10.0.0.1:${step.port}`);
          } else if (step.kind === "update") {
            clients.pool.update(step.weights.map((weight, index) => target(index + 1, index + 1, weight)));
            for (const each of clients.pool.targets) seen.add(each);
          } else {
            const chosen = targets[step.nth % targets.length];
            if (chosen !== undefined) clients.pool.setUp(chosen, step.up, "");
          }
        }
        await settled();
        assertEquals([clients.hasForgotten, clients.overtaken, clients.twice], [false, [], []]);
        assertEquals(
          clients.pool.targets.filter(({ active, maxConnections }) => active > maxConnections),
          [],
        );
      }
      while (clients.holding.size + clients.waiting.size > 0) {
        clients.leave("waiting", 0);
        clients.leave("holding", 0);
        await settled();
      }
      assertEquals([...seen].map(({ active }) => active), [...seen].map(() => 0));
    }),
    { numRuns: 200 },
  );
});
