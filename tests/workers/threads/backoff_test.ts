import { assertEquals } from "@std/assert";
import { Backoff } from "../../../lib/workers/control/threads/backoff.ts";

Deno.test("Backoff: doubles from 100 ms to 10 s, and resets after a worker that lived for a while", () => {
  const backoff = new Backoff();
  const delays = Array.from({ length: 9 }, () => backoff.next(0));
  assertEquals(delays, [100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000]);
  assertEquals([backoff.next(59_999), backoff.next(60_000), backoff.next(0)], [10_000, 100, 200]);
});
