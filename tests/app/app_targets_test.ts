import { OwnListeners } from "../../lib/dial/mod.ts";
import { AppCounters } from "../../lib/metrics/mod.ts";
import { assertEquals } from "@std/assert";
import { AppTargets } from "../../lib/app/mod.ts";
import type { AppConfig } from "../../lib/config/mod.ts";
import { FakeTime } from "../helpers/fakes/fake_time.ts";
import { configOf, ProxyLog } from "../helpers/proxy/proxy.ts";

const A = "10.0.0.1:1";
const B = "10.0.0.2:1";
const C = "10.0.0.3:1";

Deno.test("AppTargets: an ejection is reported with its route, one in the app's own pool without", () => {
  const config = appConfig({
    targets: [A, B],
    routes: [{ sni: ["a.test"], targets: [A, B] }],
    passive_health: { failures: 1 },
  });
  const { targets, log } = build(config);
  for (const { pool } of targets.pools) {
    const [first] = pool.targets;
    if (first !== undefined) pool.report(first, "failed");
    pool.stop();
  }
  const detail = "for 10s, after a connection failed";
  assertEquals(log.changeDetails, [detail, `routes[0] (sni a.test): ${detail}`]);
});

Deno.test("AppTargets: a prepared config changes nothing before commit, nor when discarded", async () => {
  const { targets } = build(appConfig({ targets: [A, B] }));
  const prepared = await targets.prepare(appConfig({ targets: [C] }));
  assertEquals(labels(targets), [[A, B]]);
  await prepared.discard();
  assertEquals(labels(targets), [[A, B]]);
  await targets.stop();
});

Deno.test("AppTargets: targets that remain over a reload keep health, ejection and connections", async () => {
  const passive = { failures: 1 };
  const { targets } = build(appConfig({ targets: [A, B], passive_health: passive }));
  const pool = targets.own;
  const [a, b] = pool?.targets ?? [];
  if (pool === undefined || a === undefined || b === undefined) throw new Error("unreachable");
  pool.acquire(a);
  pool.setUp(a, false, "refused");
  pool.setUp(a, true, "answers");
  pool.report(b, "failed");
  const next = appConfig({
    targets: [C, B, { address: A, weight: 5 }],
    passive_health: passive,
    balance: "first",
  });
  (await targets.prepare(next)).commit();
  assertEquals(targets.own === pool, true);
  assertEquals(
    pool.targets.map(({ label, weight, active, ejected }) => [label, weight, active, ejected]),
    [[C, 1, 0, false], [B, 1, 0, true], [A, 5, 1, false]],
  );
  assertEquals(pool.targets[2] === a, true);
  await targets.stop();
});

Deno.test("AppTargets: a changed passive_health returns ejected targets", async () => {
  const { targets, log } = build(appConfig({ targets: [A, B], passive_health: { failures: 1 } }));
  const [a] = targets.own?.targets ?? [];
  if (a !== undefined) targets.own?.report(a, "failed");
  (await targets.prepare(appConfig({ targets: [A, B], passive_health: { failures: 9 } }))).commit();
  assertEquals(targets.own?.targets.map(({ ejected }) => ejected), [false, false]);
  assertEquals(log.changeDetails.at(-1), "passive_health changed");
  await targets.stop();
});

Deno.test("AppTargets: a route keeps its pool while its rules stay the same, wherever it moves", async () => {
  const a = { sni: ["a.test"], targets: [A] };
  const b = { sni: ["b.test"], targets: [B] };
  const { targets } = build(appConfig({ targets: [C], routes: [a, b] }));
  const [own, poolA, poolB] = targets.pools.map(({ pool }) => pool);
  (await targets.prepare(appConfig({ routes: [b, { ...a, targets: [A, C] }] }))).commit();
  assertEquals(targets.pools.map(({ pool }) => pool === poolB || pool === poolA), [true, true]);
  assertEquals(targets.pools[0]?.pool === poolB, true);
  assertEquals(targets.own, undefined);
  assertEquals(labels(targets), [[B], [A, C]]);
  assertEquals(targets.routes?.match({ sni: "a.test", alpn: [] })?.value === poolA, true);
  assertEquals(own?.targets.length, 1);
  await targets.stop();
});

Deno.test("AppTargets: a target that was down is up once nothing checks it", async () => {
  const { targets } = build(appConfig({ targets: [A], health_check: { interval: "1h" } }));
  const [a] = targets.own?.targets ?? [];
  if (a !== undefined) targets.own?.setUp(a, false, "refused");
  (await targets.prepare(appConfig({ targets: [A] }))).commit();
  assertEquals(a?.up, true);
  await targets.stop();
});

function build(config: AppConfig): { targets: AppTargets; log: ProxyLog } {
  const log = new ProxyLog();
  const { clock } = new FakeTime();
  const targets = new AppTargets(config, {
    clock,
    random: () => 0,
    observer: log,
    tally: new AppCounters(() => true),
    closeSessionsOf: () => {},
    listeners: new OwnListeners(),
    tls: { secureProbe: (raw) => Promise.resolve(raw) },
  });
  return { targets, log };
}

function labels(targets: AppTargets): string[][] {
  return targets.pools.map(({ pool }) => pool.targets.map(({ label }) => label));
}

function appConfig(app: Record<string, unknown>): AppConfig {
  const [config] = configOf({ apps: [app] }).apps;
  if (config === undefined) throw new Error("unreachable");
  return config;
}
