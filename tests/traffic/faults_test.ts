import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { utf8 } from "../helpers/bytes.ts";
import { exchange, randomBytes, readToEnd, writeAll } from "../helpers/clients.ts";
import { type TestProxy, withProxy } from "../helpers/proxy/proxy.ts";
import { assertSameBytes } from "../helpers/same_bytes.ts";
import { echo, TestTarget } from "../helpers/targets.ts";

/** Sends 20,000 bytes and reads them back; gives how long the session lasted. */
async function lastedMs(proxy: TestProxy): Promise<number> {
  using client = await proxy.connect();
  const request = randomBytes(20_000);
  assertSameBytes(await exchange(client, request), request);
  const session = await proxy.outcome();
  assertStrictEquals(session.reason, "client_closed");
  return session.endedMs - session.startedMs;
}

/** Faults that only slow a connection down, and the least that they cost the 20,000 bytes of {@link lastedMs}. */
const SLOWING: readonly (readonly [fault: Readonly<Record<string, unknown>>, leastMs: number])[] = [
  [{ kind: "latency", amount: "60ms", direction: "up" }, 59],
  [{ kind: "latency", amount: "40ms" }, 79],
  // A tenth of a second's worth passes at once.
  [{ kind: "bandwidth", rate: "100KB/s", direction: "down" }, 95],
  [{ kind: "slice", size: "1000B", delay: "3ms", direction: "up" }, 50],
];

Deno.test("faults: latency, bandwidth and slice slow a connection down, and no byte is lost", async () => {
  await using target = new TestTarget(echo);
  for (const [fault, leastMs] of SLOWING) {
    await withProxy({ targets: [target.address], faults: [fault] }, async (proxy) => {
      const lasted = await lastedMs(proxy);
      assert(
        lasted >= leastMs,
        `${JSON.stringify(fault)}: it lasted ${lasted} ms; expected ${leastMs} ms`,
      );
    });
  }
});

for (const kind of ["reset", "close"] as const) {
  Deno.test(`faults: ${kind} after so many bytes cuts the connection there, as killed`, async () => {
    await using target = new TestTarget(echo);
    const faults = [{ kind, after_bytes: "1000B", direction: "up" }];
    await withProxy({ targets: [target.address], faults }, async (proxy) => {
      using client = await proxy.connect();
      await writeAll(client, randomBytes(5000));
      await readToEnd(client);
      const session = await proxy.outcome();
      assertEquals([session.reason, session.up.bytes], ["killed", 1000]);
    });
  });

  Deno.test(`faults: ${kind} after a time cuts an idle connection, as killed`, async () => {
    await using target = new TestTarget(echo);
    await withProxy({ targets: [target.address], faults: [{ kind, after: "20ms" }] }, async (proxy) => {
      using client = await proxy.connect();
      await readToEnd(client);
      const session = await proxy.outcome();
      assertStrictEquals(session.reason, "killed");
      assert(session.endedMs - session.startedMs >= 19);
    });
  });
}

Deno.test("faults: black_hole takes everything and passes nothing, until the connection is idle for too long", async () => {
  let arrived = 0;
  await using target = new TestTarget(async (conn) => {
    const buffer = new Uint8Array(1000);
    for (let count; (count = await conn.read(buffer)) !== null;) arrived += count;
  });
  const faults = [{ kind: "black_hole", direction: "up" }];
  await withProxy({ targets: [target.address], faults, idle_timeout: "100ms" }, async (proxy) => {
    using client = await proxy.connect();
    await writeAll(client, utf8("hello"));
    await readToEnd(client);
    assertStrictEquals((await proxy.outcome()).reason, "idle_timeout");
    await target.done(1);
    assertStrictEquals(arrived, 0);
  });
});

Deno.test("faults: refuse closes the client before any dial, as killed", async () => {
  await using target = new TestTarget(echo);
  await withProxy({ targets: [target.address], faults: [{ kind: "refuse" }] }, async (proxy) => {
    using client = await proxy.connect();
    assertStrictEquals(await readToEnd(client), "fin");
    const session = await proxy.outcome();
    assertEquals([session.reason, session.tries], ["killed", 0]);
  });
  assertStrictEquals(target.accepted, 0);
});

/** Whether each of so many connections was refused. */
async function refusals(proxy: TestProxy, count: number): Promise<boolean[]> {
  const refused: boolean[] = [];
  for (let left = count; left > 0; left--) {
    using client = await proxy.connect();
    await client.closeWrite();
    await readToEnd(client);
    refused.push((await proxy.outcome()).reason === "killed");
  }
  return refused;
}

Deno.test("faults: without any, for another client, with probability 0, or expired, nothing is done", async () => {
  await using target = new TestTarget(echo);
  const none = [
    [],
    [{ kind: "refuse", clients: ["10.0.0.0/8"] }],
    [{ kind: "refuse", probability: 0 }],
    [{ kind: "refuse", expires: "1ms" }],
  ];
  for (const faults of none) {
    await withProxy({ targets: [target.address], faults }, async (proxy) => {
      const expired = performance.now() + 2;
      while (performance.now() < expired) await new Promise((resolve) => setTimeout(resolve, 1));
      assertEquals(await refusals(proxy, 3), [false, false, false]);
    });
  }
  const own = [{ kind: "refuse", clients: ["127.0.0.1"], expires: "1h" }];
  await withProxy({ targets: [target.address], faults: own }, async (proxy) => {
    assertEquals(await refusals(proxy, 3), [true, true, true]);
  });
});

Deno.test("faults: with a seed the same connections are hit each time", async () => {
  await using target = new TestTarget(echo);
  const faults = [{ kind: "refuse", probability: 0.5, seed: 7 }];
  const rounds: boolean[][] = [];
  for (let round = 0; round < 2; round++) {
    await withProxy({ targets: [target.address], faults }, async (proxy) => {
      rounds.push(await refusals(proxy, 16));
    });
  }
  assertEquals(rounds[0], rounds[1]);
  assertEquals(new Set(rounds[0]), new Set([true, false]));
});
