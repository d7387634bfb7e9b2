import { assertEquals } from "@std/assert";
import fc from "fast-check";
import type { Duplex } from "../../lib/base/mod.ts";
import {
  Dialer,
  type DialFailure,
  type DialHolder,
  DialPause,
  type DialResult,
  type NextTarget,
} from "../../lib/dial/mod.ts";
import { type Candidate, type Candidates, Pool, type Target, type TargetSpec } from "../../lib/pool/mod.ts";
import { dialPool } from "../../lib/session/dial/_dialing.ts";
import { FakeTime } from "../helpers/fakes/fake_time.ts";

/** Answers at once for the first candidate that does not refuse, without a network. */
class AnsweringDialer extends Dialer<Candidate> {
  /** The labels of targets that refuse. */
  readonly refusing = new Set<string>();
  /** The pauses that it was asked for; they take no time. */
  readonly pauses: number[] = [];
  onPause: (() => void) | undefined;

  constructor() {
    super({ connectTimeoutMs: 1000, connectDeadlineMs: 1000 });
  }

  override async dial(
    next: NextTarget<Candidate>,
    until: AbortSignal | DialHolder,
  ): Promise<DialResult<Candidate>> {
    const failures: DialFailure<Candidate>[] = [];
    for (;;) {
      let target = next();
      // A promise that is not one must not cost a turn, in which another could come.
      if (target instanceof Promise) target = await target;
      if (target instanceof DialPause) {
        this.pauses.push(target.ms);
        this.onPause?.();
        continue;
      }
      const tries = failures.length;
      if (until.aborted) return { kind: "aborted", tries, failures };
      if (target === undefined) return { kind: "exhausted", tries, timedOut: false, failures };
      if (!this.refusing.has(target.label)) {
        return { kind: "connected", conn: NO_CONN, target, connectMs: 0, tries: tries + 1, failures };
      }
      failures.push({ target, code: "ECONNREFUSED", message: "refused", durationMs: 0 });
    }
  }
}

const NO_CONN: Duplex = {
  read: () => Promise.resolve(null),
  write: (bytes) => Promise.resolve(bytes.length),
  closeWrite: () => Promise.resolve(),
  close: () => {},
};

interface Watch {
  waits(id: number): void;
  given(id: number, target: Target): void;
}

/** A pool that tells when a connection begins to wait, and when it is given a target. */
class WatchedPool extends Pool {
  /** The connection that begins. */
  beginning = 0;
  readonly #watch: Watch;
  readonly #ids = new Map<Candidates, number>();

  constructor(specs: readonly TargetSpec[], watch: Watch) {
    super(specs, { balance: "first" });
    this.#watch = watch;
  }

  override begin(...args: Parameters<Pool["begin"]>): Candidates {
    const candidates = super.begin(...args);
    const id = this.beginning;
    this.#ids.set(candidates, id);
    const next = candidates.next.bind(candidates);
    candidates.next = () => {
      const candidate = next();
      if (candidate !== undefined) this.#watch.given(id, candidate.target);
      return candidate;
    };
    return candidates;
  }

  override waitForPlace(...args: Parameters<Pool["waitForPlace"]>): ReturnType<Pool["waitForPlace"]> {
    this.#watch.waits(this.#ids.get(args[0]) ?? 0);
    return super.waitForPlace(...args);
  }

  candidatesOf(id: number): Candidates | undefined {
    for (const [candidates, each] of this.#ids) if (each === id) return candidates;
    return undefined;
  }
}

/** Connections to a pool, each in one state, in order of arrival. */
class Clients {
  readonly pool: WatchedPool;
  /** Those that were served, in that order. */
  readonly served: number[] = [];
  readonly limited: number[] = [];
  /** Those that found no target. */
  readonly failed: number[] = [];
  readonly waiting = new Map<number, AbortController>();
  readonly holding = new Map<number, Candidates>();
  readonly overtaken: string[] = [];
  /** What connections tried of which some was tried twice. */
  readonly twice: string[] = [];
  readonly dialer = new AnsweringDialer();
  readonly #time = new FakeTime();
  /** Those that wait for a place, in the order in which they began to. */
  readonly #queue = new Set<number>();
  #last = 0;

  constructor(specs: readonly TargetSpec[]) {
    this.pool = new WatchedPool(specs, {
      waits: (id) => void this.#queue.add(id),
      given: (id, target) => {
        const isAhead = (each: number): boolean =>
          this.waiting.get(each)?.signal.aborted === false && this.#canUse(each, target);
        // Whoever has just come is behind all that wait.
        for (const each of this.#queue) {
          if (each === id) break;
          if (isAhead(each)) this.overtaken.push(`${id} before ${each}`);
        }
        this.#queue.delete(id);
      },
    });
  }

  #canUse(id: number, target: Target): boolean {
    return this.pool.candidatesOf(id)?.hasTried(target) === false;
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
    const options = {
      dialer: this.dialer,
      port: 0,
      context: { clientHash: 0 },
      retry: undefined,
      clock: this.#time.clock,
    };
    this.pool.beginning = id;
    const dialing = dialPool(this.pool, { ...options, queueTimeoutMs, until, opening: undefined });
    dialing.then((result) => {
      this.waiting.delete(id);
      this.#queue.delete(id);
      if (result.full) this.limited.push(id);
      else if (result.dialed.kind === "exhausted") this.failed.push(id);
      const tried = result.dialed.failures.map(({ target }) => target.target);
      if (new Set(tried).size < tried.length) this.twice.push(...tried.map(({ label }) => label));
      if (result.dialed.kind !== "connected") return result.candidates.release();
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

  /** Whether anyone waits although a place is free that it could use, or can only be waited for in vain. */
  get hasForgotten(): boolean {
    const { targets, desperate } = this.pool;
    const usable = targets.filter((target) => target.weight > 0 && (target.usable || desperate));
    return [...this.waiting.keys()].some((id) => {
      const left = usable.filter((target) => this.#canUse(id, target));
      return left.length === 0 || left.some((target) => !target.full);
    });
  }
}

/** Lets every promise that is settled call back what follows from it; no timer runs meanwhile. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 500; turn++) await Promise.resolve();
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

interface Rounds {
  /** In the order in which they were dialed. */
  readonly dialed: string[];
  readonly answered: string | undefined;
  readonly pauses: number[];
  readonly reports: string[];
  readonly full: boolean;
}

/** Dials a pool with these tries, while some of its targets refuse; `onPause` may change that. */
async function rounds(
  specs: readonly TargetSpec[],
  tries: number,
  options: { readonly refusing: readonly number[]; onPause?(dialer: AnsweringDialer, pool: Pool): void },
): Promise<Rounds> {
  const reports: string[] = [];
  const pool = new Pool(specs, {
    balance: "first",
    onReport: ({ label }, outcome) => void reports.push(`${label} ${outcome}`),
  });
  const dialer = new AnsweringDialer();
  for (const port of options.refusing) dialer.refusing.add(`10.0.0.1:${port}`);
  dialer.onPause = () => options.onPause?.(dialer, pool);
  const { signal } = new AbortController();
  const dialing = await dialPool(pool, {
    dialer,
    port: 0,
    context: { clientHash: 0 },
    queueTimeoutMs: 0,
    retry: { tries, pauseMs: 1000 },
    clock: { nowMs: () => 0 },
    until: { signal, aborted: false, hold: () => {} },
    opening: undefined,
  });
  const { dialed, candidates, full } = dialing;
  const answered = dialed.kind === "connected" ? dialed.target.label : undefined;
  candidates.release();
  assertEquals(pool.targets.map(({ active }) => active), pool.targets.map(() => 0), "a place is held");
  pool.stop();
  const failed = dialed.failures.map(({ target }) => target.label);
  return { dialed: failed, answered, pauses: dialer.pauses, reports, full };
}

const [ONE, TWO] = ["10.0.0.1:1", "10.0.0.1:2"];

Deno.test("dialPool with retry: goes round the targets until its tries are used up, each failure reported once", async () => {
  const { dialed, answered, pauses, reports } = await rounds([target(1, 9), target(2, 9)], 5, {
    refusing: [1, 2],
  });
  assertEquals([dialed, answered, pauses], [[ONE, TWO, ONE, TWO, ONE], undefined, [1000, 1000]]);
  assertEquals(reports, dialed.map((label) => `${label} failed`));
});

Deno.test("dialPool with retry: fewer tries than targets are all that there are", async () => {
  const { dialed, pauses, reports } = await rounds([target(1, 9), target(2, 9), target(3, 9)], 2, {
    refusing: [1, 2, 3],
  });
  assertEquals([dialed, pauses, reports.length], [[ONE, TWO], [], 2]);
});

Deno.test("dialPool with retry: a target that is back by then is taken, and nobody pauses while another answers", async () => {
  const back = await rounds([target(1, 9), target(2, 9)], 9, {
    refusing: [1, 2],
    onPause: (dialer) => dialer.refusing.delete(TWO ?? ""),
  });
  assertEquals([back.dialed, back.answered, back.pauses], [[ONE, TWO, ONE], TWO, [1000]]);
  const other = await rounds([target(1, 9), target(2, 9)], 9, { refusing: [1] });
  assertEquals([other.dialed, other.answered, other.pauses], [[ONE], TWO, []]);
});

Deno.test("dialPool with retry: a round chooses from the targets that there are by then", async () => {
  const { dialed, answered, pauses } = await rounds([target(1, 9)], 9, {
    refusing: [1],
    onPause: (_dialer, pool) => pool.update([target(2, 9)]),
  });
  assertEquals([dialed, answered, pauses], [[ONE], TWO, [1000]]);
});

Deno.test("dialPool with retry: without a target left, or with nothing but full ones, it does not go on without end", async () => {
  const none = await rounds([target(1, 9)], 9, {
    refusing: [1],
    onPause: (_dialer, pool) => pool.update([]),
  });
  assertEquals([none.dialed, none.pauses, none.full], [[ONE], [1000], false]);
  const full = await rounds([target(1, 9), target(2, 0)], 9, { refusing: [1] });
  assertEquals([full.dialed, full.pauses, full.full], [[ONE], [], true]);
});
