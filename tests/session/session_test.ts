import { assertEquals, assertStrictEquals } from "@std/assert";
import { parseAddress } from "../../lib/base/mod.ts";
import { Dialer, type DialResult } from "../../lib/dial/mod.ts";
import { type Candidate, Pool } from "../../lib/pool/mod.ts";
import { utf8 } from "../helpers/bytes.ts";
import { SessionBench } from "../helpers/connections/session_bench.ts";
import { testSession } from "../helpers/connections/session_sockets.ts";
import { echo, refusingAddress, TestTarget } from "../helpers/targets.ts";

testSession("Session: a connection from its beginning to its end leaves nothing behind", async (sockets) => {
  await using target = new TestTarget(echo);
  await using bench = await sockets.open(target.address);
  const running = bench.session.run();
  await bench.client.write(utf8("hello"));
  assertEquals(await bench.hears(5), utf8("hello"));
  await bench.client.finish();
  await running;
  await bench.assertEnded("client_closed");
  assertEquals([bench.session.up.bytes, bench.session.down.bytes, bench.session.tries], [5, 5, 1]);
});

for (const [activeIntervalMs, expected] of [[1000, [950, 1950]], [Infinity, []]] as const) {
  testSession(
    `Session: one that lasts is reported every ${activeIntervalMs} ms while it relays`,
    async (sockets) => {
      await using target = new TestTarget(echo);
      await using bench = await sockets.open(target.address, { activeIntervalMs });
      bench.session.sweep(950, 0);
      assertEquals(bench.active, [], "it dials yet");
      const running = bench.session.run();
      await bench.client.write(utf8("hello"));
      assertEquals(await bench.hears(5), utf8("hello"));
      // Its random numbers are all 0.5: each interval is a twentieth shorter.
      for (const nowMs of [949, 950, 951, 1899, 1950, 1951]) bench.session.sweep(nowMs, 0);
      assertEquals(bench.active, expected);
      await bench.client.finish();
      await running;
      await bench.assertEnded("client_closed");
      bench.session.sweep(9999, 0);
      assertEquals(bench.active, expected);
    },
  );
}

testSession("Session: no target that answers leaves nothing behind", async (sockets) => {
  await using bench = await sockets.open(refusingAddress());
  await bench.session.run();
  await bench.assertEnded("no_target");
  assertEquals(bench.session.failures.map(({ code }) => code), ["ECONNREFUSED"]);
});

Deno.test("Session: where there is no target to dial it says why", async () => {
  for (
    const [specs, why] of [
      [[], "discovery has found no target"],
      [[{ address: parseAddress("127.0.0.1:1"), weight: 0 }], "every target has weight 0"],
    ] as const
  ) {
    const pool = new Pool(specs, { balance: "random" });
    const bench = new SessionBench(refusingAddress(), { app: { poolFor: () => pool } });
    await bench.session.run();
    await bench.assertEnded("no_target");
    assertEquals([bench.session.tries, bench.session.detail], [0, why]);
  }
});

testSession(
  "Session: a dial that answers before a sweep needs no timer and no read of its own",
  async (sockets) => {
    await using target = new TestTarget(echo);
    await using bench = await sockets.open(target.address);
    const running = bench.session.run();
    await bench.client.write(utf8("hello"));
    assertEquals(await bench.hears(5), utf8("hello"));
    assertStrictEquals(bench.session.pendingRead, undefined);
    await bench.client.finish();
    await running;
  },
);

/** Has no file descriptor for a dial until its deadline. */
class StarvedDialer extends Dialer<Candidate> {
  override dial(next: () => Candidate | undefined): Promise<DialResult<Candidate>> {
    next();
    return Promise.resolve({ kind: "exhausted", tries: 0, timedOut: true, failures: [] });
  }
}

Deno.test("Session: a dial that found no file descriptor says so", async () => {
  const dialer = new StarvedDialer({ connectTimeoutMs: 5000, connectDeadlineMs: 5000 });
  const bench = new SessionBench("127.0.0.1:1", { app: { dialer } });
  await bench.session.run();
  await bench.assertEnded("no_target");
  assertStrictEquals(bench.session.detail, "no file descriptor was free in time");
});

testSession("Session: its place is given back once, when it has ended", async (sockets) => {
  let given = 0;
  await using bench = await sockets.open(refusingAddress(), { place: { [Symbol.dispose]: () => given++ } });
  assertStrictEquals(given, 0);
  await bench.session.run();
  assertStrictEquals(given, 1);
});
