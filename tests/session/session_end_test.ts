import { assertEquals, assertStrictEquals } from "@std/assert";
import { emptyConnectionState } from "../helpers/tls/tls_connection_state.ts";
import { utf8 } from "../helpers/bytes.ts";
import { memoryPipe } from "../helpers/connections/memory_duplex.ts";
import { nextTask, SessionBench } from "../helpers/connections/session_bench.ts";
import { testSession } from "../helpers/connections/session_sockets.ts";
import { blackHole, neverAnswering, refusingAddress, TestTarget } from "../helpers/targets.ts";

testSession("Session.end: ends the dialing, and the first reason given stands", async (sockets) => {
  using hole = await blackHole();
  await using bench = await sockets.open(hole.address);
  const running = bench.session.run();
  bench.session.end("killed");
  bench.session.end("drained");
  assertStrictEquals(bench.near.closes, 1);
  await running;
  await bench.assertEnded("killed");
});

testSession("Session.end: ends the relay, and both sockets are closed when it returns", async (sockets) => {
  await using target = new TestTarget(neverAnswering);
  await using bench = await sockets.open(target.address);
  const running = bench.session.run();
  await target.connections(1);
  await bench.client.write(utf8("x"));
  bench.session.end("target_down");
  assertStrictEquals(bench.near.closes, 1);
  await running;
  await bench.assertEnded("target_down");
  await target.done(1);
});

testSession("Session.end: at any moment of the dial it leaves nothing behind", async (sockets) => {
  await using target = new TestTarget(neverAnswering);
  for (let turns = 0; turns < 30; turns++) {
    await using bench = await sockets.open(target.address);
    const running = bench.session.run();
    for (let turn = 0; turn < turns; turn++) await (turn % 3 === 2 ? nextTask() : Promise.resolve());
    bench.session.end("killed");
    await running;
    await bench.assertEnded("killed");
  }
});

testSession("Session.end: of one that has ended changes nothing", async (sockets) => {
  await using bench = await sockets.open(refusingAddress());
  await bench.session.run();
  bench.session.end("killed");
  await bench.assertEnded("no_target");
});

testSession(
  "Session: an engine that fails where it must not costs this connection alone",
  async (sockets) => {
    await using target = new TestTarget(neverAnswering);
    const error = new Error("a defect");
    await using bench = await sockets.open(target.address, {
      app: {
        engine: () => {
          throw error;
        },
      },
    });
    await bench.session.run();
    assertEquals([bench.session.reason, bench.session.error], ["error", error]);
    assertEquals([bench.ended.length, bench.near.closes], [1, 1]);
    assertEquals(bench.pool.targets.map(({ active }) => active), [0]);
    assertStrictEquals(await bench.client.ended, sockets.of.passesLossAs);
  },
);

Deno.test("Session.end: what it interrupts in the entry adds no words of its own", async () => {
  const bench = new SessionBench(refusingAddress(), {
    app: {
      inspect: {
        tls: {
          accept: (_raw, { signal }) =>
            new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
        },
      },
    },
  });
  const running = bench.session.run();
  await nextTask();
  bench.session.end("max_lifetime");
  await running;
  await bench.assertEnded("max_lifetime");
  assertStrictEquals(bench.session.detail, "");
});

Deno.test("Session.end: what the entry has made of the connection is closed too", async () => {
  const { promise: accepting, resolve } = Promise.withResolvers<void>();
  const [, plain] = memoryPipe();
  const bench = new SessionBench(refusingAddress(), {
    app: {
      inspect: {
        tls: {
          accept: async () => {
            await accepting;
            return { conn: plain, sni: undefined, alpn: undefined, connectionState: emptyConnectionState };
          },
        },
      },
    },
  });
  const running = bench.session.run();
  await nextTask();
  resolve();
  bench.session.end("killed");
  await running;
  await bench.assertEnded("killed");
  assertStrictEquals(plain.closes, 1);
});
