import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { Dialer, type DialResult } from "../../lib/dial/mod.ts";
import { ClientTable } from "../../lib/limits/mod.ts";
import type { Candidate } from "../../lib/pool/mod.ts";
import { utf8 } from "../helpers/bytes.ts";
import { randomBytes } from "../helpers/clients.ts";
import { type MemoryDuplex, memoryPipe } from "../helpers/connections/memory_duplex.ts";
import { collect } from "../helpers/connections/relay_bench.ts";
import { assertSameBytes } from "../helpers/same_bytes.ts";
import { nextTask, PromptDialer, SessionBench } from "../helpers/connections/session_bench.ts";
import { until } from "../helpers/until.ts";
import { SESSION_ENGINES } from "../helpers/connections/session_engines.ts";
import { testSession } from "../helpers/connections/session_sockets.ts";
import { echo, refusingAddress, TestTarget } from "../helpers/targets.ts";

testSession(
  "Session: one that is refused at the door costs its app's rate nothing, others do",
  async (sockets) => {
    for (const maxConnections of [0, 1]) {
      let refunds = 0;
      await using bench = await sockets.open(refusingAddress(), {
        app: { admission: { clients: new ClientTable({ maxConnections }) } },
        place: { refund: () => void refunds++, [Symbol.dispose]: () => {} },
      });
      await bench.session.run();
      await bench.assertEnded(maxConnections === 0 ? "limit" : "no_target");
      assertStrictEquals(refunds, maxConnections === 0 ? 1 : 0);
    }
  },
);

Deno.test("Session: an admitted client is counted off where the rest of the entry fails", async () => {
  const clients = new ClientTable({ maxConnections: 1 });
  const bench = new SessionBench(refusingAddress(), {
    app: {
      admission: { clients },
      poolFor: () => {
        throw new Error("a defect");
      },
    },
  });
  await bench.session.run();
  await bench.assertEnded("error");
  assertStrictEquals(clients.active("192.0.2.1"), 0);
});

/** How the client's next read stands when its target answers; no more than 4 KiB are taken before. */
const READS = [
  { how: "waits", sent: randomBytes(2000), taken: 2000, finishes: false },
  { how: "holds more", sent: randomBytes(100_000), taken: 4097, finishes: false },
  { how: "has the end", sent: randomBytes(2000), taken: 2000, finishes: true },
];

for (const { how, sent, taken, finishes } of READS) {
  testSession(
    `Session: what a client says while its target is dialed goes first, where its next read ${how}`,
    async (sockets) => {
      await using target = new TestTarget(echo);
      const mayDial = Promise.withResolvers<void>();
      const dialer = new Dialer<Candidate>({
        connectTimeoutMs: 5000,
        connectDeadlineMs: 5000,
        transport: {
          connect: async (...args) => {
            await mayDial.promise;
            return await sockets.transport.connect(...args);
          },
        },
      });
      await using bench = await sockets.open(target.address, { app: { dialer } });
      const running = bench.session.run();
      bench.session.sweep(0, 0);
      const writing = bench.client.write(sent);
      if (finishes) await bench.client.finish();
      await until(() => bench.near.bytesRead >= taken && bench.near.hasEnded === finishes);
      mayDial.resolve();
      assertSameBytes(await bench.hears(sent.length), sent);
      await writing;
      if (!finishes) await bench.client.finish();
      await running;
      await bench.assertEnded("client_closed");
      assertStrictEquals(bench.session.up.bytes, sent.length);
    },
  );
}

/** Answers a dial when the test says so. */
class WaitingDialer extends Dialer<Candidate> {
  readonly #answer = Promise.withResolvers<MemoryDuplex>();

  constructor() {
    super({ connectTimeoutMs: 5000, connectDeadlineMs: 5000 });
  }

  answer(conn: MemoryDuplex): void {
    this.#answer.resolve(conn);
  }

  override async dial(next: () => Candidate | undefined): Promise<DialResult<Candidate>> {
    const target = next();
    const conn = await this.#answer.promise;
    if (target === undefined) return { kind: "exhausted", tries: 0, timedOut: false, failures: [] };
    return { kind: "connected", conn, target, connectMs: 1, tries: 1, failures: [] };
  }
}

for (const { name, create: engine } of SESSION_ENGINES) {
  Deno.test(`Session, ${name}: what a client says in pieces while its target is dialed is kept, up to a bound, and goes first`, async () => {
    for (const ends of [true, false]) {
      const dialer = new WaitingDialer();
      const [far, conn] = memoryPipe();
      const bench = new SessionBench("127.0.0.1:1", { engine, app: { dialer } });
      const running = bench.session.run();
      const sent = randomBytes(ends ? 2000 : 200_000);
      for (let at = 0; at < sent.length; at += 100) {
        await bench.client.write(sent.subarray(at, at + 100));
        bench.session.sweep(0, 0);
      }
      if (ends) await bench.client.closeWrite();
      await nextTask();
      bench.session.sweep(0, 0);
      await nextTask();
      // Of a client that sends on, no more than this is held.
      if (ends) assertStrictEquals(bench.near.bytesRead, 2000);
      else assert(bench.near.bytesRead <= 4096 + 512, `${bench.near.bytesRead} bytes are held`);
      dialer.answer(conn);
      if (!ends) await bench.client.closeWrite();
      assertSameBytes(await collect(far), sent);
      await far.closeWrite();
      await running;
      await bench.assertEnded("client_closed");
      assertStrictEquals(bench.session.up.bytes, sent.length);
    }
  });

  Deno.test(`Session, ${name}: a silent client that finishes at any moment of the dial gets what the target says`, async () => {
    for (let turns = 0; turns < 20; turns++) {
      const [far, conn] = memoryPipe();
      const bench = new SessionBench("127.0.0.1:1", {
        engine,
        app: { dialer: new PromptDialer(turns, () => conn) },
      });
      const running = bench.session.run();
      for (let turn = 0; turn < 10; turn++) await Promise.resolve();
      // Where the dial lasts that long, the client is watched.
      bench.session.sweep(0, 0);
      void bench.client.closeWrite();
      await far.write(utf8("220 ready"));
      await far.closeWrite();
      assertEquals(await collect(bench.client), utf8("220 ready"));
      assertEquals(await collect(far), new Uint8Array());
      await running;
      await bench.assertEnded("client_closed");
    }
  });

  Deno.test(`Session, ${name}: a target that takes nothing of the prefetched bytes is idle at the limit, and they are not held beyond`, async () => {
    const [, conn] = memoryPipe({ capacity: 10 });
    const bench = new SessionBench("127.0.0.1:1", {
      engine,
      app: {
        idleTimeoutMs: 1000,
        dialer: new PromptDialer(0, () => conn),
        inspect: { clientHello: { timeoutMs: 1000, isNeeded: true } },
      },
    });
    const running = bench.session.run();
    await bench.client.write(utf8("no hello of TLS, and longer than the target takes"));
    while (bench.session.up.bytes < 10) await nextTask();
    assertStrictEquals(bench.session.prefetched, undefined);
    bench.session.sweep(1000, 0);
    await running;
    await bench.assertEnded("idle_timeout");
    assertEquals([bench.session.up.bytes, conn.closes, conn.pending], [10, 1, 0]);
  });
}
