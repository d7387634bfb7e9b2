import { assertEquals } from "@std/assert";
import { poolsOf } from "../../lib/app/pools.ts";
import { FakeTime } from "../helpers/fake_time.ts";
import { configOf, ProxyLog } from "../helpers/proxy.ts";

Deno.test("poolsOf: a target that a route's connections eject is told of with the route, one of the app's own without", () => {
  const targets = ["10.0.0.1:1", "10.0.0.2:1"];
  const routes = [{ sni: ["a.test"], targets }];
  const [config] = configOf({ apps: [{ targets, routes, passive_health: { failures: 1 } }] }).apps;
  if (config === undefined) throw new Error("unreachable");
  const log = new ProxyLog();
  const { clock } = new FakeTime();
  const { all } = poolsOf(config, { clock, random: () => 0, observer: log, closeSessionsOf: () => {} });
  for (const pool of all) {
    const [first] = pool.targets;
    if (first !== undefined) pool.report(first, "failed");
    pool.stop();
  }
  const detail = "a connection failed, it returns in 10s";
  assertEquals(log.changeDetails, [detail, `routes[0] (sni a.test): ${detail}`]);
});
