import { assert, assertStrictEquals } from "@std/assert";
import { maglev, simulate, sourceHash } from "../../bench/simulate_hash.ts";

Deno.test("simulate: with source_hash nobody moves who need not", () => {
  const { left, joined, needless, peak } = simulate(sourceHash, { size: 20, clients: 4000 });
  assertStrictEquals(needless, 0);
  assert(left > 0.03 && left < 0.07, `${left} is about 1/20`);
  assert(joined > 0.03 && joined < 0.07, `${joined} is about 1/21`);
  assert(peak > 1 && peak < 1.3, `${peak}`);
});

Deno.test("simulate: a Maglev table moves some who need not", () => {
  assert(simulate(maglev, { size: 100, clients: 4000 }).needless > 0);
});
