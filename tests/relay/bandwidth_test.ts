import { assert, assertAlmostEquals, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import fc from "fast-check";
import { ByteBucket } from "../../lib/limits/mod.ts";
import { bandwidthFilter, type ByteBudget, Pace, pause } from "../../lib/relay/mod.ts";
import { concat } from "../helpers/bytes.ts";
import { randomBytes } from "../helpers/clients.ts";
import { FakeTime } from "../helpers/fakes/fake_time.ts";
import { assertSameBytes } from "../helpers/same_bytes.ts";

const RATE = 100_000;

Deno.test("ByteBucket: after a pause a tenth of a second's worth passes at once", () => {
  const bucket = new ByteBucket(RATE, 0);
  assertStrictEquals(bucket.take(RATE / 10, 0), 0);
  assertStrictEquals(bucket.take(1, 0), 1000 / RATE);
});

Deno.test("ByteBucket: at most a tenth of a second's worth passes at once, even if that is less than a packet", () => {
  for (const rate of [1, 10, 250, 14_999]) {
    const wait = new ByteBucket(rate, 0).take(rate * 4, 0);
    assertAlmostEquals(wait, 3900, 1e-6, `${rate} B/s`);
  }
});

Deno.test("ByteBucket: bytes taken on credit are paid for, byte by byte", () => {
  const bucket = new ByteBucket(RATE, 0);
  bucket.take(RATE / 10, 0);
  assertStrictEquals(bucket.take(RATE, 0), 1000);
  assertStrictEquals(bucket.take(RATE, 1000), 1000);
});

Deno.test("ByteBucket: waiting as it says yields the rate over any period, whatever the pieces", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 16_384 }), { minLength: 1, maxLength: 200 }), (pieces) => {
      const bucket = new ByteBucket(RATE, 0);
      let nowMs = 0;
      let passed = 0;
      for (const piece of pieces) {
        nowMs += bucket.take(piece, nowMs);
        passed += piece;
        const allowed = RATE / 10 + RATE * nowMs / 1000;
        assert(passed <= allowed + 1e-3, `${passed} bytes passed, ${allowed} are allowed`);
      }
      assert(passed <= RATE / 10 || passed >= RATE / 10 + RATE * nowMs / 1000 - 1e-3, "it waited too long");
    }),
  );
});

Deno.test("bandwidthFilter: bytes pass unchanged, and each is taken from the budget, at most 16 KiB at once", async () => {
  const asked: number[] = [];
  const budget: ByteBudget = {
    take: (bytes) => {
      asked.push(bytes);
      return 0;
    },
  };
  const bytes = randomBytes(100_000);
  const filter = bandwidthFilter(new Pace(Infinity, budget, { clock: { nowMs: () => 0 } }))(
    new AbortController().signal,
  );
  const pieces: Uint8Array[] = [];
  const source = ReadableStream.from([bytes.subarray(0, 70_000), bytes.subarray(70_000)]);
  await source.pipeThrough(filter).pipeTo(
    new WritableStream({
      write(piece): void {
        pieces.push(piece);
      },
    }),
  );
  assertSameBytes(concat(...pieces), bytes);
  assertStrictEquals(asked.reduce((sum, count) => sum + count, 0), bytes.length);
  assert(Math.max(...asked) <= 16 * 1024, "the budget was asked for more");
});

Deno.test("bandwidthFilter: a slow flow is even, however large its chunks", async () => {
  const rate = 250;
  const time = new FakeTime();
  const pace = new Pace(rate, new ByteBucket(rate, 0), time);
  const came: [atMs: number, bytes: number][] = [];
  const source = ReadableStream.from([randomBytes(800), randomBytes(200)]);
  const passing = source.pipeThrough(bandwidthFilter(pace)(new AbortController().signal)).pipeTo(
    new WritableStream({
      write(piece): void {
        came.push([time.nowMs, piece.length]);
      },
    }),
  );
  await time.advance(3900);
  await passing;
  let passed = 0;
  for (const [atMs, bytes] of came) {
    passed += bytes;
    assert(bytes <= rate / 20, `${bytes} bytes at once`);
    assert(passed <= rate * (atMs + 100) / 1000 + 1e-6, `${passed} bytes by ${atMs} ms`);
  }
  assertEquals([passed, came.at(-1)?.[0]], [1000, 3900]);
});

Deno.test("pause: returns at once for 0 ms", async () => {
  const { signal } = new AbortController();
  await pause(0, signal);
  await pause(-1, signal);
});

Deno.test("pause: ends with the signal's reason as soon as it is aborted, and leaves no timer", async () => {
  const controller = new AbortController();
  const reason = new Error("enough");
  const paused = assertRejects(() => pause(3_600_000, controller.signal), Error, "enough");
  controller.abort(reason);
  assertStrictEquals(await paused, reason);
  await assertRejects(() => pause(1, controller.signal), Error, "enough");
});

Deno.test("pause: a wait longer than a timer can hold does not end at once", async () => {
  const controller = new AbortController();
  const ended: string[] = [];
  const paused = pause(2 ** 40, controller.signal).then(() => ended.push("time"), () => ended.push("signal"));
  await new Promise((resolve) => setTimeout(resolve, 5));
  controller.abort();
  await paused;
  assertEquals(ended, ["signal"]);
});
