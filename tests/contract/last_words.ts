/**
 * What every relay engine promises of a side that is gone: what it said before reaches the other side.
 *
 * @module
 */
import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import fc from "fast-check";
import type { RelayEnd } from "../../lib/relay/mod.ts";
import { utf8 } from "../helpers/bytes.ts";
import { connectedEnds } from "../helpers/connections/connected_ends.ts";
import { randomBytes, readAll, writeAll } from "../helpers/clients.ts";
import { collect, type EngineCase, feed, RelayBench, turns } from "../helpers/connections/relay_bench.ts";
import { assertSameBytes } from "../helpers/same_bytes.ts";
import { seededRandom } from "../helpers/fakes/seeded_random.ts";
import { until } from "../helpers/until.ts";

const WORDS = randomBytes(50_000);

/** A client that takes little at a time, so that most of what it is sent waits for it. */
const SLOW = { capacity: 1000 };

type Lose = (bench: RelayBench, side: "client" | "target") => Promise<unknown>;

/** A side is gone, which a write reports at once. */
const loseByWrite: Lose = (bench, side) => {
  const [near, sender] = side === "client"
    ? [bench.nearClient, bench.target]
    : [bench.nearTarget, bench.client];
  near.breakWrites(reset());
  return sender.write(utf8("to nobody"));
};

/** How a side may come to be gone after it has sent {@link WORDS}. */
const LOSSES: readonly { how: string; lose: Lose }[] = [
  // A read reports it after everything that was sent.
  { how: "which a read reports", lose: (bench, side) => Promise.resolve(bench[side].reset()) },
  { how: "which a write reports", lose: loseByWrite },
];

/** Registers the tests for one engine. */
export function testLastWords(engine: EngineCase): void {
  const { name } = engine;

  for (const { how, lose } of LOSSES) {
    Deno.test(`${name}: a target that resets, ${how}: the client gets what it said, then FIN, and is lingered for`, async () => {
      const bench = new RelayBench(engine, SLOW, {});
      const running = bench.run();
      await sayAll(bench.target, WORDS);
      await lose(bench, "target");
      await turns();
      assertStrictEquals(bench.lingered, undefined);
      assertSameBytes(await collect(bench.client), WORDS);
      assertFailed(bench.lingered, "target");
      assertEquals([bench.down.bytes, bench.down.finished, bench.up.finished], [WORDS.length, true, false]);
      // Whatever it still sends is taken from it, and it is waited for.
      await sayAll(bench.client, randomBytes(100_000));
      await turns();
      assertEquals([bench.nearClient.closes, bench.nearTarget.closes], [0, 1]);
      await bench.client.closeWrite();
      assertFailed(await running, "target");
      bench.end();
      assertEquals([bench.nearClient.closes, bench.nearTarget.closes], [1, 1]);
      bench.assertClean();
    });

    Deno.test(`${name}: a client that resets, ${how}: the target gets what it said, and nobody is lingered for`, async () => {
      const bench = new RelayBench(engine, {}, SLOW);
      const running = bench.run();
      await sayAll(bench.client, WORDS);
      await lose(bench, "client");
      assertSameBytes(await collect(bench.target), WORDS);
      assertFailed(await running, "client");
      assertEquals([bench.lingered, bench.nearClient.closes, bench.nearTarget.closes], [undefined, 1, 1]);
      bench.assertClean();
    });

    Deno.test(`${name}: a target that resets, ${how}, before it has sent anything: nobody is lingered for`, async () => {
      const bench = new RelayBench(engine);
      const running = bench.run();
      await lose(bench, "target");
      assertFailed(await running, "target");
      assertEquals([bench.lingered, bench.nearClient.closes, bench.nearTarget.closes], [undefined, 1, 1]);
      bench.assertClean();
    });

    Deno.test(`${name}: a target that resets, ${how}, when the client stops sending while it is sent the rest: it is not lingered for`, async () => {
      const bench = new RelayBench(engine, SLOW, {});
      const running = bench.run();
      await sayAll(bench.target, WORDS);
      await lose(bench, "target");
      await bench.client.closeWrite();
      await turns();
      assertSameBytes(await collect(bench.client), WORDS);
      assertFailed(await running, "target");
      assertStrictEquals(bench.lingered, undefined);
      bench.assertClean();
    });
  }

  Deno.test(`${name}: a target that resets, when the client goes while it is sent the rest: the relay ends`, async () => {
    const bench = new RelayBench(engine, SLOW, {});
    const running = bench.run();
    await sayAll(bench.target, WORDS);
    await loseByWrite(bench, "target");
    await turns();
    bench.client.reset();
    assertFailed(await running, "target");
    assertStrictEquals(bench.lingered, undefined);
    bench.assertClean();
  });

  for (const when of ["is sent the rest", "is lingered for"] as const) {
    Deno.test(`${name}: a target that resets: stopped from outside while the client ${when}`, async () => {
      const bench = new RelayBench(engine, SLOW, {});
      const running = bench.run();
      await sayAll(bench.target, WORDS);
      await loseByWrite(bench, "target");
      await turns();
      if (when === "is lingered for") await collect(bench.client);
      assertStrictEquals(bench.lingered !== undefined, when === "is lingered for");
      bench.end();
      assertFailed(await running, "target");
      bench.assertClean();
    });
  }

  Deno.test(`${name}: a client that resets: stopped from outside while the target is sent the rest`, async () => {
    const bench = new RelayBench(engine, {}, SLOW);
    const running = bench.run();
    await sayAll(bench.client, WORDS);
    await loseByWrite(bench, "client");
    await turns();
    bench.end();
    assertFailed(await running, "client");
    bench.assertClean();
  });

  Deno.test(`${name}: a target that finishes and then resets: the client gets what it said, and is lingered for`, async () => {
    const bench = new RelayBench(engine);
    const running = bench.run();
    await feed(bench.target, [WORDS]);
    assertSameBytes(await collect(bench.client), WORDS);
    assertStrictEquals(bench.lingered, undefined);
    bench.nearTarget.breakWrites(reset());
    await sayAll(bench.client, randomBytes(100_000));
    await turns();
    assertFailed(bench.lingered, "target");
    bench.client.close();
    assertFailed(await running, "target");
    bench.end();
    bench.assertClean();
  });

  Deno.test(`${name}: a client that has finished is not lingered for when the target resets`, async () => {
    const bench = new RelayBench(engine, SLOW, {});
    const running = bench.run();
    await feed(bench.client, [utf8("request")]);
    await collect(bench.target);
    await sayAll(bench.target, WORDS);
    bench.target.reset();
    assertSameBytes(await collect(bench.client), WORDS);
    assertFailed(await running, "target");
    assertStrictEquals(bench.lingered, undefined);
    bench.assertClean();
  });

  Deno.test(`${name}: a client can send on while it takes nothing of what a target that is gone has sent`, async () => {
    const bench = new RelayBench(engine, SLOW, {});
    const running = bench.run();
    await sayAll(bench.target, WORDS);
    await loseByWrite(bench, "target");
    await turns();
    bench.ticker.nowMs = 1000;
    // As one that reads the answer when it has sent all; nobody takes these bytes, and they count for nothing.
    await sayAll(bench.client, randomBytes(500_000));
    assertEquals([bench.up.bytes, bench.up.lastByteMs, bench.down.senderGoneMs], [0, 0, 0]);
    assertSameBytes(await collect(bench.client), WORDS);
    assertStrictEquals(bench.down.lastByteMs, 1000);
    // Lingered for, it is not quiet.
    bench.ticker.nowMs = 2000;
    await bench.client.write(utf8("x"));
    await turns();
    assertEquals([bench.up.bytes, bench.up.lastByteMs, bench.down.lastByteMs], [0, 2000, 1000]);
    bench.end();
    await running;
    bench.assertClean();
  });

  Deno.test(`${name}: a target can send on while it takes nothing of what a client that is gone has sent`, async () => {
    const bench = new RelayBench(engine, {}, SLOW);
    const running = bench.run();
    await sayAll(bench.client, WORDS);
    await loseByWrite(bench, "client");
    await turns();
    await sayAll(bench.target, randomBytes(500_000));
    assertEquals([bench.down.bytes, bench.up.senderGoneMs], [0, 0]);
    assertSameBytes(await collect(bench.target), WORDS);
    assertFailed(await running, "client");
    bench.assertClean();
  });

  for (const side of ["client", "target"] as const) {
    Deno.test(`${name}: a ${side} that takes nothing and does not end is reported to the caller that bounds it`, async () => {
      const bench = new RelayBench(engine);
      const running = bench.run();
      const [near, other, flow] = side === "client"
        ? [bench.nearClient, bench.target, bench.up]
        : [bench.nearTarget, bench.client, bench.down];
      bench.ticker.nowMs = 1000;
      near.breakWrites(reset(), { halfDead: true });
      await other.write(utf8("x"));
      await turns();
      assertEquals([flow.reading, flow.senderGoneMs, near.closes], [true, 1000, 0]);
      bench.end();
      assertFailed(await running, side);
      bench.assertClean();
    });
  }

  for (
    const error of [
      new TypeError("a defect"),
      Object.assign(new Error("no buffer space"), { code: "ENOBUFS" }),
    ]
  ) {
    Deno.test(`${name}: a failure that does not say that the connection is lost (${error.message}) ends both directions at once`, async () => {
      const bench = new RelayBench(engine, SLOW, {});
      const running = bench.run();
      await sayAll(bench.target, WORDS);
      bench.nearTarget.breakWrites(error, { halfDead: true });
      await bench.client.write(utf8("x"));
      assertFailed(await running, "target");
      assertEquals([bench.lingered, bench.nearClient.closes], [undefined, 1]);
      bench.assertClean();
    });
  }

  Deno.test(`${name}: whatever the chunking, the target's last bytes arrive`, async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 60_000 }),
        fc.nat(),
        fc.integer({ min: 50, max: 9000 }),
        fc.boolean(),
        async (size, seed, capacity, isReadReset) => {
          const random = seededRandom(seed);
          const varied = {
            writeLimit: (): number => 1 + Math.floor(random() * 4000),
            turns: (): number => Math.floor(random() * 4),
          };
          const bench = new RelayBench(engine, { ...varied, capacity }, varied);
          const running = bench.run();
          const uploading = sayAll(bench.client, randomBytes(30_000, 2)).catch(() => {});
          await sayAll(bench.target, randomBytes(size));
          if (isReadReset) bench.target.reset();
          else bench.nearTarget.breakWrites(reset());
          assertSameBytes(await collect(bench.client), randomBytes(size));
          bench.client.close();
          assertFailed(await running, "target");
          bench.end();
          await uploading;
          bench.assertClean();
        },
      ),
      { numRuns: 40 },
    );
  });

  Deno.test(`${name}: real sockets, what the kernel holds of a target that is gone reaches the client`, {
    ignore: engine.ignoreSockets ?? false,
  }, async () => {
    // No more than a receive window that nobody has read from yet.
    const words = randomBytes(40_000);
    await using ends = await connectedEnds(engine);
    await ends.nearTarget.write(utf8("never read"));
    await writeAll(ends.target, words);
    // Closing with unread bytes sends RST.
    ends.target.close();
    await writeAll(ends.client, randomBytes(100_000));
    const relay = ends.run(engine);
    assertSameBytes(await readAll(ends.client), words);
    assertFailed(relay.lingered(), "target");
    ends.client.close();
    assertFailed(await relay.end, "target");
  });

  Deno.test(`${name}: real sockets, what the kernel holds for a client that sends on reaches it`, {
    ignore: engine.ignoreSockets ?? false,
  }, async () => {
    const words = randomBytes(1_000_000);
    await using ends = await connectedEnds(engine);
    const relay = ends.run(engine);
    const uploading = writeAll(ends.client, randomBytes(8_000_000)).catch(() => {});
    await writeAll(ends.target, words);
    await until(() => relay.down.bytes === words.length);
    ends.target.close();
    await until(() => relay.lingered() !== undefined);
    await uploading;
    assertSameBytes(await readAll(ends.client), words);
    ends.client.close();
    assertFailed(await relay.end, "target");
    assert(relay.up.bytes < 8_000_000, "the target was sent all");
  });
}

function reset(): Error {
  return new Deno.errors.ConnectionReset("connection reset by peer");
}

function assertFailed(end: RelayEnd | undefined, side: "client" | "target"): void {
  assertEquals(end?.kind === "failed" ? end.side : end?.kind, side);
}

/** Sends all of it, and no FIN. */
async function sayAll(end: { write(bytes: Uint8Array): Promise<number> }, bytes: Uint8Array): Promise<void> {
  for (let said = 0; said < bytes.length;) said += await end.write(bytes.subarray(said));
}
