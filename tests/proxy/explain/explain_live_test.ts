import { assertEquals, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import { clientHash } from "../../../lib/balancing/mod.ts";
import { BALANCE_STRATEGIES, type Config } from "../../../lib/config/mod.ts";
import { Pool } from "../../../lib/pool/mod.ts";
import { type PoolSnapshot, poolSnapshot, type TargetSnapshot } from "../../../lib/app/mod.ts";
import {
  type ConnectionQuestion,
  explainConnection,
  type ExplainedConnection,
  type RuntimeSnapshot,
} from "../../../lib/proxy/mod.ts";
import { answersOf, Fleet, holdConnections } from "../../helpers/proxy/fleet.ts";
import { configOf, withProxy } from "../../helpers/proxy/proxy.ts";

const QUESTION: ConnectionQuestion = {
  to: { kind: "port", port: 7001 },
  client: "192.0.2.7",
  sni: undefined,
  alpn: [],
};

/** What is said of a connection to a proxy whose one pool has these targets. */
function explain(
  app: Record<string, unknown>,
  pool: PoolSnapshot,
  view: Partial<RuntimeSnapshot> = {},
): ExplainedConnection {
  const config: Config = configOf({
    apps: [{ ports: [7001], targets: ["10.0.0.1:80", "10.0.0.2:80"], ...app }],
  });
  const explanation = explainConnection(config, QUESTION, {
    listeners: [{ app: "app-1", address: { kind: "tcp", host: "127.0.0.1", port: 7001 } }],
    workers: 1,
    sessions: 0,
    isEnding: false,
    sessionsOf: () => 0,
    isPaused: () => false,
    faults: () => [],
    pools: () => [pool],
    ...view,
  });
  if (explanation.kind !== "explained") throw new Error(`it is "${explanation.kind}"`);
  return explanation;
}

function facts(number: number, own: Partial<TargetSnapshot> = {}): TargetSnapshot {
  return {
    address: { kind: "tcp", host: `10.0.0.${number}`, port: 80 },
    label: `10.0.0.${number}:80`,
    tier: 0,
    weight: 1,
    configuredWeight: 1,
    currentWeight: 1,
    health: "up",
    detail: "",
    changedAtMs: undefined,
    admin: "ready",
    active: 0,
    maxConnections: Infinity,
    isFull: false,
    foundBy: undefined,
    discover: undefined,
    ...own,
  };
}

function poolOf(...targets: TargetSnapshot[]): PoolSnapshot {
  return { targets, emptyEntries: [] };
}

Deno.test("explainConnection: of a pool in any state, source_hash and first give the order that the pool gives", () => {
  const target = fc.record({
    weight: fc.integer({ min: 0, max: 3 }),
    tier: fc.integer({ min: 0, max: 2 }),
    up: fc.boolean(),
    ejected: fc.boolean(),
    admin: fc.constantFrom("ready" as const, "ready" as const, "drain" as const, "down" as const),
    active: fc.integer({ min: 0, max: 2 }),
    // Of few names, so that some targets are named twice.
    host: fc.integer({ min: 1, max: 4 }),
  });
  const client = fc.nat(255).map((last) => `192.0.2.${last}`);
  const balance = fc.constantFrom("source_hash" as const, "first" as const);
  fc.assert(
    fc.property(
      fc.array(target, { minLength: 1, maxLength: 7 }),
      client,
      balance,
      (targets, client, balance) => {
        const pool = new Pool(
          targets.map(({ weight, tier, host }) => ({
            address: { kind: "tcp", host: `10.0.0.${host}`, port: 80 },
            weight,
            tier,
            maxConnections: 2,
          })),
          { balance },
        );
        pool.follow(targets.map(({ up, ejected, admin }, index) => {
          const { address, label, weight, tier } = pool.targets[index] ?? facts(0);
          return { spec: { address, label, weight, tier, admin }, up, ejected };
        }));
        for (const [index, { active }] of targets.entries()) {
          const target = pool.targets[index];
          for (let left = active; target !== undefined && left > 0; left--) pool.acquire(target);
        }
        const config = configOf({ apps: [{ ports: [7001], targets: ["h:1"], balance }] });
        const before = JSON.stringify(pool.targets);
        const explanation = explainConnection(config, { ...QUESTION, client }, {
          listeners: [{ app: "app-1", address: { kind: "tcp", host: "::", port: 7001 } }],
          workers: 1,
          sessions: 0,
          isEnding: false,
          sessionsOf: () => 0,
          isPaused: () => false,
          faults: () => [],
          pools: () => [poolSnapshot(pool, { monitor: undefined })],
        });
        assertEquals(JSON.stringify(pool.targets), before);
        const candidates = pool.begin(7001, { clientHash: clientHash(client) });
        const expected: string[] = [];
        for (let next = candidates.next(); next !== undefined; next = candidates.next()) {
          expected.push(next.label);
        }
        const { targets: tried, skipped } = explanation.kind === "explained"
          ? explanation
          : { targets: [], skipped: [] };
        assertEquals(tried.map(({ address }) => address), expected);
        assertEquals(tried.length + skipped.length, targets.filter(({ weight }) => weight > 0).length);
      },
    ),
  );
});

Deno.test("explain: a proxy that is asked all the time gives turns, draws and places as one that is not", async () => {
  await using fleet = new Fleet(3);
  for (const balance of BALANCE_STRATEGIES) {
    const runs: { answers: number[]; draws: number }[] = [];
    for (const isAsked of [false, true]) {
      let draws = 0;
      const random = (): number => (draws++ * 0.37) % 1;
      const targets = fleet.addresses.map((address) => ({ address, max_connections: 1 }));
      await withProxy({ targets, balance }, async (proxy) => {
        const answers: number[] = [];
        for (let left = 6; left > 0; left--) {
          for (let times = isAsked ? 5 : 0; times > 0; times--) {
            proxy.proxy.explain({ ...QUESTION, to: { kind: "port", port: proxy.port } });
            proxy.proxy.status();
          }
          answers.push(...await answersOf(proxy, 1));
        }
        runs.push({ answers, draws });
      }, { random });
    }
    assertEquals(runs[1], runs[0], balance);
  }
});

Deno.test("explain: with least_connections, whoever has the fewest for its weight at this moment comes first", async () => {
  await using fleet = new Fleet(2);
  const targets = fleet.addresses.map((address, index) => ({ address, weight: index === 0 ? 3 : 1 }));
  await withProxy({ targets, balance: "least_connections" }, async (proxy) => {
    const order = (): (number | undefined)[] => {
      const answer = proxy.proxy.explain({ ...QUESTION, to: { kind: "port", port: proxy.port } });
      return answer.kind === "explained"
        ? answer.targets.map(({ address }) => fleet.addresses.indexOf(address))
        : [];
    };
    using held = await holdConnections(proxy, 0);
    for (let left = 8; left > 0; left--) {
      const [first] = order();
      await held.add(proxy);
      const loads = targets.map(({ weight }, index) =>
        (held.answers.slice(0, -1).filter((answer) => answer === index).length + 1) / weight
      );
      // Of two with the same load the one that was chosen longest ago comes first, which is not to be seen from outside.
      if (loads[0] !== loads[1]) assertEquals(first, held.answers.at(-1));
    }
  });
});

Deno.test("explainConnection: a slow start is in the weight, until it is over", () => {
  const pool = poolOf(facts(1, { weight: 3, currentWeight: 0.75 }), facts(2));
  const { targets } = explain({}, pool);
  assertStringIncludes(targets[0]?.why ?? "", "(weight 0.75 of 1.75, slowly up to 3)");
  assertStringIncludes(targets[1]?.why ?? "", "(weight 1 of 1.75)");
});

Deno.test("explainConnection: weights are shared among those that are left", () => {
  const { targets } = explain({}, poolOf(facts(1), facts(2, { health: "down" }), facts(3)));
  assertEquals(targets.map(({ why }) => /\(.*\)/.exec(why)?.[0]), ["(weight 1 of 2)", "(weight 1 of 2)"]);
});

Deno.test("explainConnection: connections are counted where they are known", () => {
  const known = explain({}, poolOf(facts(1, { active: 1 }), facts(2, { active: 3, maxConnections: 9 })));
  assertEquals(known.targets.map(({ why }) => why.split("; ").at(-1)), [
    "1 connection",
    "3 of at most 9 connections",
  ]);
  const unknown = explain({}, poolOf(facts(1, { active: undefined }), facts(2, { active: undefined })));
  assertEquals(unknown.targets.some(({ why }) => why.includes("connections")), false);
});

Deno.test("explainConnection: backups of any rank come after, by rank", () => {
  const { targets } = explain(
    { balance: "first" },
    poolOf(facts(3, { tier: 2 }), facts(2, { tier: 1 }), facts(1)),
  );
  assertEquals(targets.map(({ address, backup }) => [address, backup]), [
    ["10.0.0.1:80", false],
    ["10.0.0.2:80", true],
    ["10.0.0.3:80", true],
  ]);
});

Deno.test("explainConnection: a discovery without any target closes with no_target", () => {
  const { refusal, notes } = explain({}, { targets: [], emptyEntries: ["db.internal:5432"] });
  assertEquals(refusal, { reason: "no_target", why: "discovery has found no target" });
  assertEquals(notes, ["db.internal:5432: discovery has no target by it"]);
});

Deno.test("explainConnection: what each thread decides for itself is said with several, and only then", () => {
  const pool = poolOf(facts(1), facts(2));
  const note = "each of the 4 workers balances the connections that it carries itself";
  for (const balance of BALANCE_STRATEGIES) {
    const isOwn = ["round_robin", "least_connections", "random_two"].includes(balance);
    assertEquals(explain({ balance }, pool, { workers: 4 }).notes, isOwn ? [note] : []);
    assertEquals(explain({ balance }, pool).notes, []);
  }
});

Deno.test("explainConnection: of a proxy that runs, the listeners are those that are bound", () => {
  const config = configOf({ apps: [{ ports: [7001], targets: ["10.0.0.1:80"] }] });
  const live: RuntimeSnapshot = {
    listeners: [{ app: "app-1", address: { kind: "tcp", host: "::", port: 40_000 } }],
    workers: 1,
    sessions: 0,
    isEnding: false,
    sessionsOf: () => 0,
    isPaused: () => false,
    faults: () => [],
    pools: () => [poolOf(facts(1))],
  };
  assertEquals(explainConnection(config, QUESTION, live).kind, "none");
  assertEquals(
    explainConnection(config, { ...QUESTION, to: { kind: "port", port: 40_000 } }, live).kind,
    "explained",
  );
});
