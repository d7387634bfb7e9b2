import { assertEquals } from "@std/assert";
import { GuessLimit } from "../../lib/admin/auth/guess_limit.ts";

Deno.test("GuessLimit: ten wrong tokens, then one every 6 s; another address is not affected", () => {
  const limit = new GuessLimit();
  for (let attempt = 1; attempt <= 10; attempt++) {
    assertEquals(limit.waitMs("10.0.0.1", 0), 0);
    assertEquals(limit.failed("10.0.0.1", 0), attempt === 10);
  }
  assertEquals(limit.waitMs("10.0.0.1", 0), 6000);
  assertEquals(limit.waitMs("10.0.0.2", 0), 0);
  assertEquals(limit.waitMs("10.0.0.1", 6000), 0);
  assertEquals(limit.failed("10.0.0.1", 6000), true);
  assertEquals(limit.waitMs("10.0.0.1", 6000), 6000);
});

Deno.test("GuessLimit: memory is bounded; addresses above the bound share one count", () => {
  const limit = new GuessLimit();
  for (let each = 0; each < 1000; each++) limit.failed(`a${each}`, 0);
  for (let each = 0; each < 10; each++) assertEquals(limit.failed(`b${each}`, 0), each === 9);
  assertEquals(limit.waitMs("c", 0), 6000);
  // One of those that are counted by itself is not held up by the others.
  assertEquals(limit.waitMs("a1", 0), 0);
});

Deno.test("GuessLimit: an address that has not failed for long makes room", () => {
  const limit = new GuessLimit();
  for (let each = 0; each < 1000; each++) limit.failed(`a${each}`, 0);
  for (let each = 0; each < 10; each++) limit.failed("b", 60_000);
  assertEquals(limit.waitMs("b", 60_000), 6000);
  assertEquals(limit.waitMs("c", 60_000), 0);
});
