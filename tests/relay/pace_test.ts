import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { BUFFER_LEVELS, Pace, pumpEngine } from "../../lib/relay/mod.ts";
import { ByteBucket } from "../../lib/limits/mod.ts";
import { utf8 } from "../helpers/bytes.ts";
import { randomBytes } from "../helpers/clients.ts";
import { FakeTime } from "../helpers/fakes/fake_time.ts";
import { collect, feed, readSome, RelayBench, turns } from "../helpers/connections/relay_bench.ts";
import { assertSameBytes } from "../helpers/same_bytes.ts";

const AN_HOUR_MS = 3_600_000;

const KIB = 1024;

/** Lets so many bytes pass at once, each further piece after a wait. */
class Allowance {
  /** What was asked for, piece by piece. */
  readonly asked: number[] = [];
  #left: number;
  readonly #waitMs: number;

  constructor(bytes: number, waitMs = AN_HOUR_MS) {
    this.#left = bytes;
    this.#waitMs = waitMs;
  }

  take(bytes: number): number {
    this.asked.push(bytes);
    this.#left -= bytes;
    return this.#left < 0 ? this.#waitMs : 0;
  }

  get askedBytes(): number {
    return this.asked.reduce((sum, bytes) => sum + bytes, 0);
  }
}

/** A rate of which 512 bytes are one piece. */
const RATE = 10 * KIB;

/** A pump whose directions have these allowances, at {@link RATE}. */
function pacedBench(allowances: { readonly up?: Allowance; readonly down?: Allowance }): RelayBench {
  const pace = (allowance: Allowance | undefined): Pace | undefined =>
    allowance === undefined ? undefined : new Pace(RATE, allowance, { clock: { nowMs: () => 0 } });
  return new RelayBench({
    name: "pumpEngine at a pace",
    create: (parts) => pumpEngine({ ...parts, up: pace(allowances.up), down: pace(allowances.down) }),
    holdsAtMost: 512,
  });
}

function paceOf(rate: number): Pace {
  return new Pace(rate, { take: () => 0 }, { clock: { nowMs: () => 0 } });
}

Deno.test("Pace: a buffer holds at most 50 ms of the rate, and is never below the smallest one", () => {
  const bytesAt = (rate: number): number | undefined => BUFFER_LEVELS[paceOf(rate).topLevel];
  assertEquals([1, 39 * KIB, 40 * KIB, 319 * KIB, 320 * KIB].map(bytesAt), [512, 512, 2048, 2048, 16_384]);
  const large = [64 * KIB, 64 * KIB, 768 * KIB, 768 * KIB];
  assertEquals([1280 * KIB, 15 * KIB * KIB - 1, 15 * KIB * KIB, Infinity].map(bytesAt), large);
});

Deno.test("Pace: a piece holds at most 50 ms of the rate, even below the smallest buffer", () => {
  assertEquals([1, 20, 250, 10 * KIB].map((rate) => paceOf(rate).pieceBytes), [1, 1, 12, 512]);
  const buffer = new Uint8Array(512);
  assertStrictEquals(paceOf(250).window(buffer).length, 12);
  assertStrictEquals(paceOf(250).window(buffer).buffer, buffer.buffer);
  assertStrictEquals(paceOf(10 * KIB).window(buffer), buffer);
});

Deno.test("Pace: reads the clock for its budget, and waits on that clock", async () => {
  const times: number[] = [];
  const time = new FakeTime();
  const pace = new Pace(1, { take: (bytes, nowMs) => times.push(nowMs) * bytes }, time);
  const relay = { ending: new AbortController().signal };
  time.nowMs = 7;
  const kept = pace.keep(10, relay);
  await time.advance(10);
  await kept;
  assertStrictEquals(pace.keep(0, relay), undefined);
  assertEquals(times, [7, 17]);
});

for (const rate of [250, 1000, 15_000]) {
  Deno.test(`pumpEngine at a pace: keeps to ${rate} B/s, whatever was read before`, async () => {
    for (const first of ["nothing", "lead", "early"] as const) {
      const time = new FakeTime();
      const bench = new RelayBench({
        name: "pumpEngine at a pace",
        create: (parts) => pumpEngine({ ...parts, up: new Pace(rate, new ByteBucket(rate, 0), time) }),
        holdsAtMost: 512,
      });
      const early = first === "early" ? bench.earlyRead() : undefined;
      const sent = randomBytes(rate * 4, 1);
      const lead = first === "lead" ? sent.subarray(0, rate) : undefined;
      const fed = feed(bench.client, [lead === undefined ? sent : sent.subarray(rate)]);
      const running = bench.run(early, lead);
      const received = collect(bench.target);
      for (let ms = 0; ms < 3900; ms += 300) {
        // A tenth of a second's worth at once, and no piece later than it must be.
        await assertPassed(bench, rate * (ms + 100) / 1000, rate / 20 + 1);
        await time.advance(300);
      }
      await assertPassed(bench, rate * 4, 1);
      await time.advance(100);
      await fed;
      assertSameBytes(await received, sent);
      await bench.target.closeWrite();
      assertStrictEquals((await running).kind, "finished");
      bench.end();
      bench.assertClean();
    }
  });
}

async function assertPassed(bench: RelayBench, allowed: number, lag: number): Promise<void> {
  await turns();
  const { bytes } = bench.up;
  assert(bytes <= allowed && bytes >= allowed - lag, `${bytes} bytes have passed, of ${allowed}`);
}

Deno.test("pumpEngine at a pace: every byte is taken from the budget in pieces, waits its turn and arrives", async () => {
  const allowances = { up: new Allowance(3000, 1), down: new Allowance(0, 1) };
  const bench = pacedBench(allowances);
  const running = bench.run(undefined, utf8("lead")).finally(() => bench.end());
  const [atTarget, atClient] = await Promise.all([
    collect(bench.target),
    collect(bench.client),
    feed(bench.client, [randomBytes(10_000, 1)]),
    feed(bench.target, [randomBytes(5000, 2)]),
  ]);
  assertSameBytes(atTarget.subarray(4), randomBytes(10_000, 1));
  assertSameBytes(atClient, randomBytes(5000, 2));
  assertStrictEquals((await running).kind, "finished");
  assertEquals([allowances.up.askedBytes, allowances.down.askedBytes], [10_004, 5000]);
  for (const bytes of [...allowances.up.asked, ...allowances.down.asked]) assert(bytes <= 512, `${bytes}`);
  assertEquals(
    [...bench.nearClient.readSizes, ...bench.nearTarget.readSizes].filter((size) => size > 512),
    [],
  );
  bench.end();
  bench.assertClean();
});

Deno.test("pumpEngine at a pace: paces one direction and not the other", async () => {
  const bench = pacedBench({ down: new Allowance(100) });
  const running = bench.run();
  await bench.target.write(randomBytes(512));
  const received = collect(bench.target);
  await feed(bench.client, [randomBytes(100_000)]);
  assertSameBytes(await received, randomBytes(100_000));
  assertStrictEquals(bench.down.bytes, 0);
  bench.end();
  assertStrictEquals((await running).kind, "stopped");
  bench.assertClean();
});

for (const what of ["lead", "chunk"] as const) {
  Deno.test(`pumpEngine at a pace: a ${what} that waits ends with the session`, async () => {
    const bench = pacedBench({ up: new Allowance(0), down: new Allowance(0) });
    const running = bench.run(undefined, what === "lead" ? utf8("lead") : undefined);
    if (what === "chunk") await bench.client.write(utf8("x"));
    await bench.target.write(utf8("x"));
    await turns();
    bench.end();
    assertEquals(await running, { kind: "stopped" });
    assertEquals([bench.up.bytes, bench.down.bytes], [0, 0]);
    bench.assertClean();
  });
}

Deno.test("pumpEngine at a pace: does not wait for a session that is already over", async () => {
  const bench = pacedBench({ up: new Allowance(0) });
  bench.controller.abort();
  const running = bench.run(undefined, utf8("lead"));
  await turns();
  bench.end();
  assertStrictEquals((await running).kind, "stopped");
  bench.assertClean();
});

for (const side of ["client", "target"] as const) {
  Deno.test(`pumpEngine at a pace: a wait for a ${side} ends when that ${side} resets`, async () => {
    const bench = pacedBench(side === "client" ? { down: new Allowance(0) } : { up: new Allowance(0) });
    const running = bench.run();
    await (side === "client" ? bench.target : bench.client).write(utf8("x"));
    await turns();
    bench[side].reset();
    const end = await running;
    assertStrictEquals(end.kind === "failed" ? end.side : end.kind, side);
    assertEquals([bench.nearClient.closes, bench.nearTarget.closes], [1, 1]);
    bench.assertClean();
  });
}

Deno.test("pumpEngine at a pace: the final bytes of a target that is gone reach the client at the rate", async () => {
  const allowance = new Allowance(600, 1);
  const bench = pacedBench({ down: allowance });
  const running = bench.run();
  await bench.target.write(randomBytes(3000));
  bench.target.reset();
  assertSameBytes(await collect(bench.client), randomBytes(3000));
  assertStrictEquals(bench.lingered?.kind, "failed");
  assertEquals([allowance.askedBytes, bench.down.bytes], [3000, 3000]);
  bench.client.close();
  await running;
  bench.end();
  bench.assertClean();
});

Deno.test("pumpEngine at a pace: a client that is lingered for while its upload waits ends with the session", async () => {
  const bench = pacedBench({ up: new Allowance(0) });
  const running = bench.run();
  await bench.client.write(utf8("waits"));
  await bench.target.write(utf8("answer"));
  assertEquals(await readSome(bench.client), utf8("answer"));
  bench.target.reset();
  await turns();
  assertStrictEquals(bench.lingered?.kind, "failed");
  bench.end();
  assertStrictEquals((await running).kind, "failed");
  assertStrictEquals(bench.up.bytes, 0);
  bench.assertClean();
});

Deno.test("pumpEngine at a pace: discarded bytes keep to it too", async () => {
  const allowance = new Allowance(5000);
  const bench = pacedBench({ up: allowance });
  const running = bench.run();
  await bench.target.write(utf8("answer"));
  assertEquals(await readSome(bench.client), utf8("answer"));
  bench.target.reset();
  await turns();
  assertStrictEquals(bench.lingered?.kind, "failed");
  await bench.client.write(randomBytes(100_000));
  await turns();
  await turns();
  assert(bench.nearClient.bytesRead <= 5000 + 512, `${bench.nearClient.bytesRead} bytes were taken`);
  assertStrictEquals(allowance.askedBytes, bench.nearClient.bytesRead);
  bench.end();
  assertStrictEquals((await running).kind, "failed");
  bench.assertClean();
});
