import { assertEquals } from "@std/assert";
import fc from "fast-check";
import type { Duplex } from "../../lib/base/mod.ts";
import { Dialer, type DialHolder, type DialResult } from "../../lib/dial/mod.ts";
import { type Candidate, type Candidates, Pool, type TargetSpec } from "../../lib/pool/mod.ts";
import { dialPool } from "../../lib/session/_dialing.ts";
import { FakeTime } from "../helpers/fake_time.ts";

/** Answers at once for the first candidate, without a network. */
class AnsweringDialer extends Dialer<Candidate> {
  constructor() {
    super({ connectTimeoutMs: 1000, connectDeadlineMs: 1000 });
  }

  override dial(
    next: () => Candidate | undefined,
    until: AbortSignal | DialHolder,
  ): Promise<DialResult<Candidate>> {
    const target = next();
    if (target === undefined) {
      return Promise.resolve({ kind: "exhausted", tries: 0, timedOut: false, failures: [] });
    }
    if (until.aborted) return Promise.resolve({ kind: "aborted", tries: 1, failures: [] });
    return Promise.resolve({
      kind: "connected",
      conn: NO_CONN,
      target,
      connectMs: 0,
      tries: 1,
      failures: [],
    });
  }
}

const NO_CONN: Duplex = {
  read: () => Promise.resolve(null),
  write: (bytes) => Promise.resolve(bytes.length),
  closeWrite: () => Promise.resolve(),
  close: () => {},
};

/** Connections to a pool, each in one state, in order of arrival. */
class Clients {
  readonly pool: Pool;
  /** Those that were served, in that order. */
  readonly served: number[] = [];
  readonly limited: number[] = [];
  readonly waiting = new Map<number, AbortController>();
  readonly holding = new Map<number, Candidates>();
  readonly overtaken: string[] = [];
  readonly #dialer = new AnsweringDialer();
  readonly #time = new FakeTime();
  #last = 0;

  constructor(specs: readonly TargetSpec[]) {
    this.pool = new Pool(specs, { balance: "first" });
  }

  [Symbol.dispose](): void {
    for (const controller of this.waiting.values()) controller.abort();
    this.pool.stop();
  }

  arrive(queueTimeoutMs = 3_600_000): void {
    const id = ++this.#last;
    const controller = new AbortController();
    this.waiting.set(id, controller);
    const until = {
      signal: controller.signal,
      get aborted(): boolean {
        return controller.signal.aborted;
      },
      hold: () => {},
    };
    const options = { dialer: this.#dialer, port: 0, context: { clientHash: 0 }, clock: this.#time.clock };
    const dialing = dialPool(this.pool, { ...options, queueTimeoutMs, until, opening: undefined });
    dialing.then((result) => {
      this.waiting.delete(id);
      if (result === "full") return this.limited.push(id);
      if (result === "aborted") return;
      if (result.dialed.kind !== "connected") return result.candidates.release();
      const first = [...this.waiting].find(([, { signal }]) => !signal.aborted)?.[0] ?? Infinity;
      if (first < id) this.overtaken.push(`${id} before ${first}`);
      this.served.push(id);
      this.holding.set(id, result.candidates);
    });
  }

  /** The n-th of those that wait, or hold a place, goes. */
  leave(kind: "waiting" | "holding", nth: number): void {
    if (kind === "waiting") {
      [...this.waiting.values()][nth % this.waiting.size]?.abort();
      return;
    }
    const id = [...this.holding.keys()][nth % this.holding.size];
    if (id === undefined) return;
    this.holding.get(id)?.release();
    this.holding.delete(id);
  }

  /** Whether anyone waits although a place is free. */
  get hasForgotten(): boolean {
    const { targets, desperate } = this.pool;
    return this.waiting.size > 0 &&
      targets.some((target) => !target.full && target.weight > 0 && (target.usable || desperate));
  }
}

/** Lets every promise that is settled call back what follows from it; no timer runs meanwhile. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 30; turn++) await Promise.resolve();
}

function target(port: number, maxConnections: number, weight = 1): TargetSpec {
  return { address: { kind: "tcp", host: "10.0.0.1", port }, maxConnections, weight };
}

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

const COMING_AND_GOING = fc.oneof(
  { weight: 4, arbitrary: fc.constant({ kind: "arrive" } as const) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("release" as const), nth: fc.nat(20) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("leave" as const), nth: fc.nat(20) }) },
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
          else if (step.kind === "update") {
            clients.pool.update(step.weights.map((weight, index) => target(index + 1, index + 1, weight)));
            for (const each of clients.pool.targets) seen.add(each);
          } else {
            const chosen = targets[step.nth % targets.length];
            if (chosen !== undefined) clients.pool.setUp(chosen, step.up, "");
          }
        }
        await settled();
        assertEquals([clients.hasForgotten, clients.overtaken], [false, []]);
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
