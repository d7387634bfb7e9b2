import { assertEquals } from "@std/assert";
import fc from "fast-check";
import type { ServiceRecord } from "../../../lib/dial/mod.ts";
import { srvTargets } from "../../../lib/pool/discovery/srv_targets.ts";

type Row = [priority: number, weight: number, target: string, port?: number];

/** `address:port tier/weight` of each target that the records stand for. */
function targets(rows: readonly Row[], addresses: Record<string, string[]>): string[] {
  const records: ServiceRecord[] = rows.map(([priority, weight, target, port = 1]) => ({
    priority,
    weight,
    target,
    port,
  }));
  return srvTargets(records, (target) => addresses[target] ?? [])
    .map(({ address, backupTier, weight }) => `${address.host}:${address.port} ${backupTier}/${weight}`);
}

const EACH_ITS_OWN = { a: ["10.0.0.1"], b: ["10.0.0.2"], c: ["10.0.0.3"] };

Deno.test("srvTargets: the lowest priority is tier 0, the next tier 1", () => {
  assertEquals(targets([[20, 5, "a"], [10, 5, "b"], [30, 5, "c"]], EACH_ITS_OWN), [
    "10.0.0.2:1 0/5",
    "10.0.0.1:1 1/5",
    "10.0.0.3:1 2/5",
  ]);
});

Deno.test("srvTargets: a priority without addresses keeps its tier", () => {
  assertEquals(targets([[10, 5, "gone"], [20, 5, "a"]], EACH_ITS_OWN), ["10.0.0.1:1 1/5"]);
});

Deno.test("srvTargets: weights from 1 to 256 stay, greater ones are scaled to 256", () => {
  assertEquals(targets([[1, 1, "a"], [1, 256, "b"]], EACH_ITS_OWN), ["10.0.0.1:1 0/1", "10.0.0.2:1 0/256"]);
  assertEquals(targets([[1, 100, "a"], [1, 1000, "b"], [1, 1, "c"]], EACH_ITS_OWN), [
    "10.0.0.1:1 0/26",
    "10.0.0.2:1 0/256",
    "10.0.0.3:1 0/1",
  ]);
});

Deno.test("srvTargets: weight 0 is rare among others, and equal among its like", () => {
  assertEquals(targets([[1, 0, "a"], [1, 2, "b"]], EACH_ITS_OWN), ["10.0.0.1:1 0/1", "10.0.0.2:1 0/256"]);
  assertEquals(targets([[1, 0, "a"], [1, 0, "b"]], EACH_ITS_OWN), ["10.0.0.1:1 0/1", "10.0.0.2:1 0/1"]);
});

Deno.test("srvTargets: the addresses of a name share its weight", () => {
  const addresses = { many: ["10.0.0.1", "10.0.0.2"], one: ["10.0.0.3"] };
  assertEquals(targets([[1, 10, "many"], [1, 10, "one"]], addresses), [
    "10.0.0.1:1 0/5",
    "10.0.0.2:1 0/5",
    "10.0.0.3:1 0/10",
  ]);
});

Deno.test("srvTargets: one address and port is one target, of the lower tier, with the shares of all records there", () => {
  const addresses = { a: ["10.0.0.1"], b: ["10.0.0.1"] };
  assertEquals(targets([[1, 3, "a"], [1, 4, "b"], [2, 9, "a"]], addresses), ["10.0.0.1:1 0/7"]);
  assertEquals(targets([[1, 3, "a", 1], [1, 4, "b", 2]], addresses), ["10.0.0.1:1 0/3", "10.0.0.1:2 0/4"]);
});

Deno.test("srvTargets: a target has the name of its record, the first of several", () => {
  const records = (["a.test.", "b.test.", "c.test."] as const).map((target, index) => ({
    target,
    port: 1,
    weight: 1,
    priority: index === 2 ? 2 : 1,
  }));
  const addresses = new Map([["a.test.", ["10.0.0.1", "10.0.0.2"]], ["b.test.", ["10.0.0.2", "10.0.0.3"]], [
    "c.test.",
    ["10.0.0.1", "10.0.0.4"],
  ]]);
  const found = srvTargets(records, (target) => addresses.get(target) ?? []);
  assertEquals(found.map(({ address, name }) => `${address.host} ${name}`), [
    "10.0.0.1 a.test",
    "10.0.0.2 a.test",
    "10.0.0.3 b.test",
    "10.0.0.4 c.test",
  ]);
});

Deno.test("srvTargets: every weight is a whole number from 1 to 256, and more weight never gets less", () => {
  const weights = fc.array(fc.integer({ min: 0, max: 65535 }), { minLength: 1, maxLength: 20 });
  fc.assert(fc.property(weights, (weights) => {
    const records = weights.map((weight, i) => ({ priority: 0, weight, target: `t${i}`, port: 1 }));
    const found = srvTargets(records, (target) => [target]);
    assertEquals(found.length, weights.length);
    const got = found.map((target) => target.weight);
    assertEquals(got.every((weight = 0) => Number.isInteger(weight) && weight >= 1 && weight <= 256), true);
    for (const [i, a] of weights.entries()) {
      for (const [j, b] of weights.entries()) {
        if (a > b) assertEquals((got[i] ?? 0) >= (got[j] ?? 0), true);
      }
    }
  }));
});
