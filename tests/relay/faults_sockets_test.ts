import { assertEquals, assertStrictEquals } from "@std/assert";
import { ByteBucket } from "../../lib/limits/mod.ts";
import {
  BufferPool,
  type CutKind,
  type Fault,
  FaultPlan,
  type FaultRule,
  Flow,
  pumpEngine,
  type RelayEnd,
  type RelayEngine,
} from "../../lib/relay/mod.ts";
import { connectTo, exchange, randomBytes, readAll, readExactly, writeAll } from "../helpers/clients.ts";
import { FakeTime } from "../helpers/fakes/fake_time.ts";
import { faultPlan, faultRule } from "../helpers/connections/fault_bench.ts";
import { assertSameBytes } from "../helpers/same_bytes.ts";
import { echo, neverAnswering, sending, type Serve, TestTarget } from "../helpers/targets.ts";

const REQUEST = randomBytes(200_000);

for (const direction of ["up", "down"] as const) {
  Deno.test(`latency ${direction}, real sockets: a reply is late with the fault and not without it`, async () => {
    const time = new FakeTime();
    const fault: Fault = { kind: "latency", amountMs: 100, jitterMs: 0 };
    const plan = faultPlan([faultRule(fault, { direction })], time);
    await withRelay({ plan, serve: echo }, async ({ client }) => {
      await writeAll(client, REQUEST.subarray(0, 10));
      await time.waited(1);
      let hasAnswer = false;
      const answer = readExactly(client, 10).finally(() => hasAnswer = true);
      await time.advance(99);
      assertStrictEquals(hasAnswer, false);
      await time.advance(1);
      assertSameBytes(await answer, REQUEST.subarray(0, 10));
    });
    await withRelay({ plan: faultPlan([]), serve: echo }, async ({ client }) => {
      await writeAll(client, REQUEST.subarray(0, 10));
      assertSameBytes(await readExactly(client, 10), REQUEST.subarray(0, 10));
    });
  });
}

Deno.test("faults that delay, real sockets: bytes are exact and half-close is kept", async () => {
  const faults: Fault[] = [
    { kind: "latency", amountMs: 2, jitterMs: 2 },
    { kind: "slice", sizeBytes: 999, delayMs: 0 },
    { kind: "bandwidth", bytesPerSecond: 20_000_000 },
    { kind: "close", afterMs: 3_600_000, afterBytes: 1e9 },
  ];
  for (const rules of [...faults.map((fault) => [fault]), faults]) {
    const plan = realPlan(rules.map((fault) => faultRule(fault)));
    await withRelay({ plan, serve: echo }, async (relay) => {
      assertSameBytes(await exchange(relay.client, REQUEST), REQUEST);
      assertEquals(await relay.end, { kind: "finished", first: "up" });
      assertEquals([relay.up.bytes, relay.down.bytes, relay.cuts], [REQUEST.length, REQUEST.length, []]);
    });
  }
});

Deno.test("slice, real sockets: the target receives no larger pieces", async () => {
  const time = new FakeTime();
  const plan = faultPlan(
    [faultRule({ kind: "slice", sizeBytes: 4, delayMs: 10 }, { direction: "up" })],
    time,
  );
  const sizes: number[] = [];
  const serve: Serve = async (conn) => {
    const buffer = new Uint8Array(100);
    for (let n = await conn.read(buffer); n !== null; n = await conn.read(buffer)) {
      sizes.push(n);
      await writeAll(conn, buffer.subarray(0, n));
    }
  };
  await withRelay({ plan, serve }, async ({ client }) => {
    await writeAll(client, REQUEST.subarray(0, 10));
    for (const size of [4, 4, 2]) {
      await readExactly(client, size);
      if (size === 4) {
        await time.waited(1);
        await time.advance(10);
      }
    }
  });
  assertEquals(sizes, [4, 4, 2]);
});

Deno.test("black_hole up, real sockets: the target receives nothing, and the client can keep sending", async () => {
  const heard: Uint8Array[] = [];
  const serve: Serve = async (conn) => void heard.push(await readAll(conn));
  const plan = realPlan([faultRule({ kind: "black_hole" }, { direction: "up" })]);
  await withRelay({ plan, serve }, async (relay) => {
    // More than the buffers of the kernel hold.
    await writeAll(relay.client, new Uint8Array(8_000_000));
    await relay.client.closeWrite();
    relay.abort();
    assertEquals(await relay.end, { kind: "stopped" });
    await relay.target.done(1);
    assertEquals([heard, relay.up.bytes], [[new Uint8Array()], 0]);
  });
});

Deno.test("black_hole down, real sockets: the client receives nothing, the target everything", async () => {
  const heard = Promise.withResolvers<Uint8Array>();
  const serve: Serve = async (conn) => {
    const request = await readExactly(conn, REQUEST.length);
    await writeAll(conn, request);
    await conn.closeWrite();
    heard.resolve(request);
  };
  const plan = realPlan([faultRule({ kind: "black_hole" }, { direction: "down" })]);
  await withRelay({ plan, serve }, async (relay) => {
    await writeAll(relay.client, REQUEST);
    assertSameBytes(await heard.promise, REQUEST);
    relay.abort();
    assertSameBytes(await readAll(relay.client), new Uint8Array());
    assertEquals([relay.down.bytes, relay.down.finished], [0, false]);
  });
});

for (const kind of ["reset", "close"] as const) {
  Deno.test(`${kind} up, real sockets: the target gets exactly that many bytes, then the end`, async () => {
    const heard = Promise.withResolvers<Uint8Array>();
    const serve: Serve = async (conn) => heard.resolve(await readAll(conn));
    const plan = realPlan([faultRule({ kind, afterBytes: 12_345 }, { direction: "up" })]);
    await withRelay({ plan, serve }, async (relay) => {
      // The client may learn of the cut while it writes, or not yet.
      await Promise.allSettled([writeAll(relay.client, REQUEST)]);
      assertSameBytes(await heard.promise, REQUEST.subarray(0, 12_345));
      assertEquals(await relay.end, { kind: "stopped" });
      assertEquals([relay.cuts, relay.up.bytes], [[kind], 12_345]);
    });
  });

  Deno.test(`${kind} down, real sockets: the client gets exactly that many bytes, then the end`, async () => {
    const plan = realPlan([faultRule({ kind, afterBytes: 12_345 }, { direction: "down" })]);
    await withRelay({ plan, serve: sending(REQUEST) }, async (relay) => {
      assertSameBytes(await readAll(relay.client), REQUEST.subarray(0, 12_345));
      assertEquals(await relay.end, { kind: "stopped" });
      assertEquals([relay.cuts, relay.down.bytes], [[kind], 12_345]);
    });
  });

  Deno.test(`${kind}, real sockets: both peers see the end when it is due`, async () => {
    const time = new FakeTime();
    const plan = faultPlan([faultRule({ kind, afterMs: 2000 })], time);
    await withRelay({ plan, serve: neverAnswering }, async (relay) => {
      await writeAll(relay.client, REQUEST.subarray(0, 10));
      await time.advance(2000);
      assertEquals(await readAll(relay.client), new Uint8Array());
      await relay.target.done(1);
      assertEquals(await relay.end, { kind: "stopped" });
      assertEquals(relay.cuts, [kind]);
    });
  });
}

Deno.test("faults, real sockets: a session that ends while they wait leaves nothing behind", async () => {
  const faults: Fault[] = [
    { kind: "latency", amountMs: 3_600_000, jitterMs: 0 },
    { kind: "slice", sizeBytes: 1, delayMs: 3_600_000 },
    { kind: "bandwidth", bytesPerSecond: 1 },
    { kind: "black_hole" },
    { kind: "close", afterMs: 3_600_000 },
  ];
  for (const fault of faults) {
    const plan = realPlan([faultRule(fault)]);
    await withRelay({ plan, serve: neverAnswering }, async (relay) => {
      await writeAll(relay.client, REQUEST.subarray(0, 5000));
      relay.abort();
      assertEquals(await relay.end, { kind: "stopped" });
    });
  }
});

/** A relay of real sockets, which the test may end. */
interface SocketRelay {
  readonly client: Deno.TcpConn;
  readonly target: TestTarget;
  readonly end: Promise<RelayEnd>;
  readonly up: Flow;
  readonly down: Flow;
  readonly cuts: readonly CutKind[];
  abort(): void;
}

/** A plan in real time. */
function realPlan(rules: readonly FaultRule[]): FaultPlan {
  return new FaultPlan(rules, {
    clock: { nowMs: () => performance.now() },
    budget: (rate, nowMs) => new ByteBucket(rate, nowMs),
  });
}

/** Relays one connection as a session does: with the faults drawn for it, or by the pump where there are none. */
async function withRelay(
  { plan, serve }: { readonly plan: FaultPlan; readonly serve: Serve },
  use: (relay: SocketRelay) => Promise<void>,
): Promise<void> {
  await using target = new TestTarget(serve);
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  using client = await connectTo(listener.addr.port);
  const nearClient = await listener.accept();
  const nearTarget = await connectTo(target.port);
  const up = new Flow("up", 0);
  const down = new Flow("down", 0);
  const cuts: CutKind[] = [];
  const controller = new AbortController();
  let isStopped = false;
  const stop = (): void => {
    if (isStopped) return;
    isStopped = true;
    nearClient.close();
    nearTarget[Symbol.dispose]();
  };
  const abort = (): void => {
    controller.abort();
    stop();
  };
  const end = engineFor(plan, (kind) => cuts.push(kind))({ client: nearClient, target: nearTarget }, {
    up,
    down,
    prefetched: undefined,
    pendingRead: undefined,
    get aborted() {
      return controller.signal.aborted;
    },
    signal: controller.signal,
    stop,
    linger: () => nearTarget.close(),
  }).finally(stop);
  try {
    await use({ client, target, end, up, down, cuts, abort });
  } finally {
    abort();
    await end;
  }
}

function engineFor(plan: FaultPlan, onCut: (kind: CutKind) => void): RelayEngine {
  const means = { ticker: { nowMs: 0 }, buffers: new BufferPool() };
  const faults = plan.draw("127.0.0.1", 0);
  return faults === undefined ? pumpEngine(means) : faults.engine({ ...means, up: [], down: [], onCut });
}
