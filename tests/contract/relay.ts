/**
 * What every relay engine promises, run for each of them. Where an engine is allowed to differ, {@link EngineCase} has
 * a field for it, and the reason stands beside its value.
 *
 * @module
 */
import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import fc from "fast-check";
import { concat, utf8 } from "../helpers/bytes.ts";
import { exchange, randomBytes, readAll, writeAll } from "../helpers/clients.ts";
import { connectedEnds } from "../helpers/connections/connected_ends.ts";
import {
  collect,
  type EngineCase,
  feed,
  quiet,
  readSome,
  RelayBench,
  reset,
  turns,
} from "../helpers/connections/relay_bench.ts";
import { assertSameBytes } from "../helpers/same_bytes.ts";
import { seededRandom } from "../helpers/fakes/seeded_random.ts";
import { testLastWords } from "./last_words.ts";

/** Registers the contract's tests for one engine. */
export function testRelayContract(engine: EngineCase): void {
  const { name } = engine;
  testLastWords(engine);

  Deno.test(`${name}: any chunking of any bytes arrives unchanged and in order, both ways`, async () => {
    const pieces = fc.array(fc.uint8Array({ minLength: 1, maxLength: 4000, size: "max" }), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(
        pieces,
        pieces,
        fc.nat(),
        fc.integer({ min: 50, max: 9000 }),
        async (up, down, seed, capacity) => {
          const random = seededRandom(seed);
          const bench = new RelayBench(engine, {
            capacity,
            writeLimit: () => 1 + Math.floor(random() * 4000),
            turns: () => Math.floor(random() * 4),
          });
          const [end, atTarget, atClient] = await Promise.all([
            bench.run().finally(() => bench.end()),
            collect(bench.target),
            collect(bench.client),
            feed(bench.client, up),
            feed(bench.target, down),
          ]);
          assertSameBytes(atTarget, concat(...up));
          assertSameBytes(atClient, concat(...down));
          assertStrictEquals(end.kind, "finished");
          assertEquals([bench.up.bytes, bench.down.bytes], [atTarget.length, atClient.length]);
          bench.assertClean();
        },
      ),
      { numRuns: 40 },
    );
  });

  for (const first of ["up", "down"] as const) {
    Deno.test(`${name}: FIN of the flow ${first} is passed on and the other flow goes on`, async () => {
      const bench = new RelayBench(engine);
      const [early, late] = first === "up" ? [bench.client, bench.target] : [bench.target, bench.client];
      const running = bench.run();
      await feed(early, [utf8("first")]);
      assertEquals(await collect(late), utf8("first"));
      assertEquals([bench.up.finished, bench.down.finished], [first === "up", first === "down"]);
      await late.write(utf8("and "));
      await late.write(utf8("on"));
      await late.closeWrite();
      assertEquals(await running, { kind: "finished", first });
      assertEquals([bench.up.finished, bench.down.finished], [true, true]);
      bench.end();
      assertEquals(await collect(early), utf8("and on"));
      bench.assertClean();
    });
  }

  Deno.test(`${name}: the moment of the target's first byte is noted, once`, async () => {
    const bench = new RelayBench(engine);
    const running = bench.run();
    bench.nowMs = 3;
    await bench.client.write(utf8("a request"));
    await readSome(bench.target);
    await turns();
    assertStrictEquals(bench.down.firstByteMs, -1);
    bench.nowMs = 5;
    await bench.target.write(utf8("an answer"));
    await readSome(bench.client);
    await turns();
    assertStrictEquals(bench.down.firstByteMs, 5);
    bench.nowMs = 7;
    await bench.target.write(utf8("more"));
    await readSome(bench.client);
    await turns();
    assertEquals([bench.up.firstByteMs, bench.down.firstByteMs], [-1, 5]);
    await Promise.all([bench.client.closeWrite(), bench.target.closeWrite(), running]);
    bench.end();
    bench.assertClean();
  });

  for (const direction of ["up", "down"] as const) {
    Deno.test(`${name}: a receiver of the flow ${direction} that does not read stops reads from its sender`, async () => {
      const capacity = 10_000;
      const total = 1_000_000;
      const bench = new RelayBench(engine, { capacity });
      const [sender, near, receiver] = direction === "up"
        ? [bench.client, bench.nearClient, bench.target]
        : [bench.target, bench.nearTarget, bench.client];
      const running = bench.run();
      const feeding = feed(sender, [randomBytes(total)]);
      await quiet(() => near.bytesRead);
      assert(near.bytesRead > 0, "nothing was read");
      const held = near.bytesRead - capacity;
      assert(held <= engine.holdsAtMost, `${held} bytes are held`);
      assertSameBytes((await Promise.all([collect(receiver), feeding]))[0], randomBytes(total));
      bench.end();
      await running;
    });

    Deno.test(`${name}: a stuck flow ${direction} does not block the other one`, async () => {
      const bench = new RelayBench(engine, { capacity: 1000 });
      const [stuck, free] = direction === "up" ? [bench.client, bench.target] : [bench.target, bench.client];
      const running = bench.run();
      const feeding = feed(stuck, [randomBytes(500_000)]).catch(() => {});
      await free.write(utf8("through"));
      assertEquals(await readSome(stuck), utf8("through"));
      bench.end();
      assertEquals(await running, { kind: "stopped" });
      stuck.close();
      await feeding;
      bench.assertClean();
    });
  }

  const error = new Deno.errors.ConnectionReset("connection reset by peer");
  const failures: readonly {
    readonly what: string;
    readonly side: "client" | "target";
    cause(bench: RelayBench): Promise<unknown>;
  }[] = [
    { what: "read from the client", side: "client", cause: (bench) => reset(bench.client) },
    { what: "read from the target", side: "target", cause: (bench) => reset(bench.target) },
    {
      what: "write to the client",
      side: "client",
      cause: (bench) => {
        bench.nearClient.breakWrites(error);
        return bench.target.write(utf8("x"));
      },
    },
    {
      what: "write to the target",
      side: "target",
      cause: (bench) => {
        bench.nearTarget.breakWrites(error);
        return bench.client.write(utf8("x"));
      },
    },
  ];
  for (const { what, side, cause } of failures) {
    Deno.test(`${name}: a failed ${what} ends both directions and is attributed to the ${side}`, async () => {
      const bench = new RelayBench(engine);
      const running = bench.run();
      await cause(bench);
      const end = await running;
      assertStrictEquals(end.kind, "failed");
      if (end.kind !== "failed") return;
      assertStrictEquals(end.side, side);
      assert(end.error instanceof Deno.errors.ConnectionReset, "the error is not the connection's own");
      assertEquals([bench.nearClient.closes, bench.nearTarget.closes], [1, 1]);
      bench.assertClean();
    });
  }

  Deno.test(`${name}: a failure after one side has finished is still a failure`, async () => {
    const bench = new RelayBench(engine);
    const running = bench.run();
    await feed(bench.client, [utf8("request")]);
    await collect(bench.target);
    await reset(bench.target);
    const end = await running;
    assertEquals(end.kind === "failed" ? end.side : end.kind, "target");
    bench.assertClean();
  });

  Deno.test(`${name}: a relay stopped while it waits for bytes reports "stopped" and leaves nothing pending`, async () => {
    const bench = new RelayBench(engine);
    const running = bench.run();
    await turns();
    bench.end();
    assertEquals(await running, { kind: "stopped" });
    bench.assertClean();
  });

  Deno.test(`${name}: a relay stopped while a write is pending reports "stopped" and leaves nothing pending`, async () => {
    const bench = new RelayBench(engine, { capacity: 100 });
    const running = bench.run();
    const feeding = feed(bench.client, [randomBytes(100_000)]).catch(() => {});
    await turns();
    bench.end();
    assertEquals(await running, { kind: "stopped" });
    bench.assertClean();
    bench.client.close();
    await feeding;
  });

  Deno.test(`${name}: a relay stopped before it began reports "stopped" and leaves nothing pending`, async () => {
    const bench = new RelayBench(engine);
    const early = bench.earlyRead();
    bench.end();
    assertEquals(await bench.run(early), { kind: "stopped" });
    bench.assertClean();
  });

  Deno.test(`${name}: bytes of the pending read come first`, async () => {
    const bench = new RelayBench(engine);
    const early = bench.earlyRead();
    await bench.client.write(utf8("early "));
    await early.result;
    const running = bench.run(early);
    await feed(bench.client, [utf8("late")]);
    assertEquals(await collect(bench.target), utf8("early late"));
    await bench.target.closeWrite();
    assertEquals(await running, { kind: "finished", first: "up" });
    bench.assertClean();
  });

  Deno.test(`${name}: a pending read is awaited, not repeated`, async () => {
    const bench = new RelayBench(engine);
    const running = bench.run(bench.earlyRead());
    await turns();
    assertStrictEquals(bench.nearClient.readSizes.length, 1);
    await feed(bench.client, [randomBytes(3000)]);
    assertSameBytes(await collect(bench.target), randomBytes(3000));
    await bench.target.closeWrite();
    assertEquals(await running, { kind: "finished", first: "up" });
    bench.assertClean();
  });

  Deno.test(`${name}: FIN found by the pending read is passed on`, async () => {
    const bench = new RelayBench(engine);
    const early = bench.earlyRead();
    await bench.client.closeWrite();
    await early.result;
    const running = bench.run(early);
    assertEquals(await collect(bench.target), new Uint8Array());
    await feed(bench.target, [utf8("banner")]);
    assertEquals(await running, { kind: "finished", first: "up" });
    bench.end();
    assertEquals(await collect(bench.client), utf8("banner"));
    bench.assertClean();
  });

  Deno.test(`${name}: a failed pending read is the client's failure`, async () => {
    const bench = new RelayBench(engine);
    const early = bench.earlyRead();
    bench.client.reset();
    await turns();
    const end = await bench.run(early);
    assertEquals(end.kind === "failed" ? end.side : end.kind, "client");
    bench.assertClean();
  });

  Deno.test(`${name}: prefetched bytes come before those of the pending read, and count`, async () => {
    const bench = new RelayBench(engine, { capacity: 1000, writeLimit: () => 300 });
    const early = bench.earlyRead();
    const running = bench.run(early, randomBytes(5000));
    await feed(bench.client, [utf8("early and late")]);
    assertSameBytes(await collect(bench.target), concat(randomBytes(5000), utf8("early and late")));
    assertStrictEquals(bench.up.bytes, 5014);
    await bench.target.closeWrite();
    assertEquals(await running, { kind: "finished", first: "up" });
    bench.assertClean();
  });

  Deno.test(`${name}: prefetched bytes that the target does not accept block nothing else and end with the session`, async () => {
    const bench = new RelayBench(engine, { capacity: 1000 });
    bench.ticker.nowMs = 1000;
    const running = bench.run(bench.earlyRead(), randomBytes(5000));
    await bench.target.write(utf8("banner"));
    assertEquals(await readSome(bench.client), utf8("banner"));
    assertEquals([bench.up.bytes, bench.up.lastByteMs], [1000, 1000]);
    bench.end();
    assertEquals(await running, { kind: "stopped" });
    bench.assertClean();
  });

  Deno.test(`${name}: prefetched bytes for a target that is gone are the target's failure and leave nothing pending`, async () => {
    const bench = new RelayBench(engine);
    const early = bench.earlyRead();
    bench.target.reset();
    const end = await bench.run(early, utf8("lead"));
    assertEquals(end.kind === "failed" ? end.side : end.kind, "target");
    bench.assertClean();
  });

  Deno.test(`${name}: Nagle is off from the second write on, and a connection that refuses the option still relays`, async () => {
    for (const refuses of [false, true]) {
      const bench = new RelayBench(engine);
      let asked = 0;
      // macOS takes no option on a connection that the peer has reset.
      const setNoDelay = (): void => {
        asked++;
        if (refuses) throw Object.assign(new Error("invalid argument"), { code: "EINVAL" });
      };
      Object.assign(bench.nearTarget, { setNoDelay });
      const running = bench.run();
      for (const text of ["one", "two", "three"]) {
        await bench.client.write(utf8(text));
        assertEquals(await readSome(bench.target), utf8(text));
        assertStrictEquals(asked, text === "one" ? 0 : 1);
      }
      await Promise.all([bench.client.closeWrite(), bench.target.closeWrite()]);
      assertStrictEquals((await running).kind, "finished");
      bench.assertClean();
    }
  });

  Deno.test(`${name}: every byte and FIN is recorded at the ticker's time`, async () => {
    const bench = new RelayBench(engine);
    const running = bench.run();
    bench.ticker.nowMs = 1000;
    await bench.client.write(utf8("x"));
    await readSome(bench.target);
    await turns();
    assertEquals([bench.up.lastByteMs, bench.down.lastByteMs], [1000, 0]);
    bench.ticker.nowMs = 2000;
    await bench.target.closeWrite();
    await turns();
    assertEquals([bench.up.lastByteMs, bench.down.lastByteMs], [1000, 2000]);
    bench.end();
    await running;
  });

  Deno.test(
    `${name}: real sockets carry any bytes both ways`,
    { ignore: engine.ignoreSockets ?? false },
    async () => {
      for (const size of [1, 2047, 2048, 2049, 70_000, 3_000_000]) {
        const up = randomBytes(size, 1);
        const down = randomBytes(size, 2);
        await using ends = await connectedEnds(engine);
        const { client, target } = ends;
        const relay = ends.run(engine);
        const atTarget = readAll(target);
        const serving = writeAll(target, down).then(() => target.closeWrite());
        assertSameBytes(await exchange(client, up), down);
        await serving;
        assertSameBytes(await atTarget, up);
        assertStrictEquals((await relay.end).kind, "finished");
      }
    },
  );
}
