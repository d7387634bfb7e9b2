import { assertEquals, assertStrictEquals } from "@std/assert";
import { utf8 } from "../helpers/bytes.ts";
import { memoryPipe } from "../helpers/connections/memory_duplex.ts";
import { readSome } from "../helpers/connections/relay_bench.ts";
import { nextTask, PromptDialer, SessionBench } from "../helpers/connections/session_bench.ts";
import { type SocketSession, testSession } from "../helpers/connections/session_sockets.ts";
import { neverAnswering, neverReading, TestTarget } from "../helpers/targets.ts";

const LIMITS = { idleTimeoutMs: 1000, halfCloseTimeoutMs: 300, maxLifetimeMs: 10_000 };
const SLACK_MS = 50;

testSession(
  "Session.sweep: idle is over at the limit and the slack of the ticker, not before",
  async (sockets) => {
    await using target = new TestTarget(neverAnswering);
    await using bench = await sockets.open(target.address, { app: LIMITS });
    const { running } = await relaying(bench, target);
    bench.session.sweep(bench.session.lastByteMs + 1000 + SLACK_MS - 1, SLACK_MS);
    assertStrictEquals(bench.session.reason, undefined);
    bench.session.sweep(bench.session.lastByteMs + 1000 + SLACK_MS, SLACK_MS);
    await running;
    await bench.assertEnded("idle_timeout");
  },
);

testSession("Session.sweep: the half-close limit holds from the FIN on, not before", async (sockets) => {
  await using target = new TestTarget(neverReading);
  await using bench = await sockets.open(target.address, { app: LIMITS });
  const { running } = await relaying(bench, target);
  bench.session.sweep(bench.session.lastByteMs + 300 + SLACK_MS, SLACK_MS);
  assertStrictEquals(bench.session.reason, undefined);
  bench.nowMs = 500;
  await bench.client.finish();
  while (!bench.session.up.finished) await nextTask();
  bench.session.sweep(500 + 300 + SLACK_MS - 1, SLACK_MS);
  assertStrictEquals(bench.session.reason, undefined);
  bench.session.sweep(500 + 300 + SLACK_MS, SLACK_MS);
  await running;
  await bench.assertEnded("half_close_timeout");
});

testSession("Session.sweep: a lifetime is shortened by up to a tenth, at random", async (sockets) => {
  await using target = new TestTarget(neverAnswering);
  await using bench = await sockets.open(target.address, { app: LIMITS });
  const { running } = await relaying(bench, target);
  bench.session.up.lastByteMs = 9499;
  bench.session.sweep(9499, SLACK_MS);
  assertStrictEquals(bench.session.reason, undefined);
  bench.session.sweep(9500, SLACK_MS);
  await running;
  await bench.assertEnded("max_lifetime");
});

/** Runs the session until a byte has passed; gives what resolves at its end. */
async function relaying(bench: SocketSession, target: TestTarget): Promise<{ running: Promise<void> }> {
  const running = bench.session.run();
  await target.connections(1);
  await bench.client.write(utf8("x"));
  while (bench.session.up.bytes === 0) await nextTask();
  return { running };
}

for (const keepalive of [true, false]) {
  Deno.test(`Session: keepalive ${keepalive ? "is asked for on both sides once a sweep finds the relay" : "off asks for nothing"}`, async () => {
    const asked: string[] = [];
    const [far, conn] = memoryPipe();
    Object.assign(conn, { setKeepAlive: (on: boolean) => asked.push(`target ${on}`) });
    const bench = new SessionBench("127.0.0.1:1", {
      app: { keepalive, dialer: new PromptDialer(0, () => conn) },
    });
    Object.assign(bench.near, { setKeepAlive: (on: boolean) => asked.push(`client ${on}`) });
    const running = bench.session.run();
    await bench.client.write(utf8("x"));
    assertEquals(await readSome(far), utf8("x"));
    // A connection that ends before a sweep pays for nothing.
    assertEquals(asked, []);
    for (let sweep = 0; sweep < 2; sweep++) bench.session.sweep(0, 0);
    assertEquals(asked, keepalive ? ["client true", "target true"] : []);
    bench.session.end("killed");
    await running;
  });
}

Deno.test("Session: a side that takes no keepalive, as it was reset, is no defect of ours", async () => {
  const [far, conn] = memoryPipe();
  const refuse = (): void => {
    throw Object.assign(new Error("invalid argument"), { code: "EINVAL" });
  };
  Object.assign(conn, { setKeepAlive: refuse });
  const bench = new SessionBench("127.0.0.1:1", {
    app: { keepalive: true, dialer: new PromptDialer(0, () => conn) },
  });
  const running = bench.session.run();
  await bench.client.write(utf8("x"));
  assertEquals(await readSome(far), utf8("x"));
  bench.session.sweep(0, 0);
  await Promise.all([bench.client.closeWrite(), far.closeWrite()]);
  await running;
  await bench.assertEnded("client_closed");
});
