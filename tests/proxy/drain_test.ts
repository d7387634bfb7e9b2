import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { utf8 } from "../helpers/bytes.ts";
import { connectTo, exchange, randomBytes, readAll, readExactly, writeAll } from "../helpers/clients.ts";
import { withProxy } from "../helpers/proxy/proxy.ts";
import { assertSameBytes } from "../helpers/same_bytes.ts";
import { blackHole, echo, TestTarget } from "../helpers/targets.ts";

Deno.test("Proxy.drain: transfers in flight finish, and new connections are refused", async () => {
  await using target = new TestTarget(echo);
  await withProxy({ targets: [target.address] }, async (proxy) => {
    using client = await proxy.connect();
    const request = randomBytes(1024 * 1024);
    await writeAll(client, request.subarray(0, 1));
    await readExactly(client, 1);
    const { port } = proxy;
    const draining = proxy.proxy.drain();
    await refused(port);
    await proxy.underWay(1);
    assertSameBytes(await exchange(client, request), request);
    await draining;
    assertEquals(proxy.proxy.activeSessions(), 0);
    assert(proxy.log.drainReports.length > 0, "the drain was not reported");
  }, { shutdown: { drain_timeout: "30s" } });
});

Deno.test("Proxy.drain: connections that the kernel had completed are served", async () => {
  await using target = new TestTarget(echo);
  await withProxy({ targets: [target.address] }, async (proxy) => {
    const clients = await Promise.all(Array.from({ length: 30 }, () => proxy.connect()));
    const draining = proxy.proxy.drain();
    for (const client of clients) {
      using open = client;
      assertEquals(await exchange(open, utf8("hello")), utf8("hello"));
    }
    await draining;
    for (const session of await proxy.outcomes(30)) assertStrictEquals(session.reason, "client_closed");
  }, { shutdown: { drain_timeout: "30s" } });
});

Deno.test("Proxy.drain: what is stuck is closed in the last fifth of the time, the quietest first and not all at once", async () => {
  const total = 12;
  await using target = new TestTarget(echo);
  // The half-close limit sets how often the ticker ticks, and concerns no session here.
  await withProxy({ targets: [target.address], half_close_timeout: "200ms" }, async (proxy) => {
    const clients: Deno.Conn[] = [];
    try {
      for (let index = 0; index < total; index++) clients.push(await proxy.connect());
      // The later a client speaks, the less quiet its session is.
      for (const [index, client] of clients.entries()) {
        await writeAll(client, Uint8Array.of(index));
        await readExactly(client, 1);
        await new Promise((resolve) => setTimeout(resolve, 25));
      }
      const beganMs = performance.now();
      await proxy.proxy.drain();
      const sessions = await proxy.outcomes(total);
      assertEquals(new Set(sessions.map(({ reason }) => reason)), new Set(["drained"]));
      for (const { endedMs } of sessions) {
        assert(endedMs >= beganMs + 0.8 * 1000 - 1, `closed ${endedMs - beganMs} ms after the beginning`);
      }
      // By their record they ended in this order; the ticker tells moments apart that are a period away.
      const quiet = sessions.map(({ lastByteMs }) => lastByteMs);
      assertEquals(quiet, [...quiet].sort((a, b) => a - b));
      assert(new Set(quiet).size > 1, "all were as quiet as each other");
      const [first, last] = [sessions[0]?.endedMs ?? 0, sessions[total - 1]?.endedMs ?? 0];
      assert(last - first >= 50, `all were closed within ${last - first} ms`);
    } finally {
      for (const client of clients) client.close();
    }
  }, { shutdown: { drain_timeout: "1s" } });
});

Deno.test("Proxy.drain: a session that is still dialing is closed at the end like the others", async () => {
  using hole = await blackHole();
  await withProxy({ targets: [hole.address] }, async (proxy) => {
    using client = await proxy.connect();
    await proxy.underWay(1);
    await proxy.proxy.drain();
    assertEquals(await readAll(client), new Uint8Array());
    assertStrictEquals((await proxy.outcome()).reason, "drained");
  }, { shutdown: { drain_timeout: "100ms" } });
});

Deno.test("Proxy.drain: a time of nothing closes everything at once", async () => {
  await using target = new TestTarget(echo);
  await withProxy({ targets: [target.address] }, async (proxy) => {
    using client = await proxy.connect();
    await writeAll(client, utf8("x"));
    await readExactly(client, 1);
    await proxy.proxy.drain();
    assertStrictEquals((await proxy.outcome()).reason, "drained");
    assertStrictEquals(await client.read(new Uint8Array(1)), null);
  }, { shutdown: { drain_timeout: "0s" } });
});

Deno.test("Proxy.drain: stop cuts it short", async () => {
  await using target = new TestTarget(echo);
  await withProxy({ targets: [target.address] }, async (proxy) => {
    using client = await proxy.connect();
    await writeAll(client, utf8("x"));
    await readExactly(client, 1);
    const draining = proxy.proxy.drain();
    await proxy.proxy.stop();
    await draining;
    assertStrictEquals((await proxy.outcome()).reason, "drained");
    assertStrictEquals(proxy.proxy.activeSessions(), 0);
  }, { shutdown: { drain_timeout: "10m" } });
});

Deno.test("Proxy.drain: with nothing under way it is over, and asking again is the same drain", async () => {
  await withProxy({ targets: ["127.0.0.1:9"] }, async (proxy) => {
    const draining = proxy.proxy.drain();
    assertStrictEquals(proxy.proxy.drain(), draining);
    await draining;
    assertEquals(proxy.log.drainReports, []);
  }, { shutdown: { drain_timeout: "10m" } });
});

/** Resolves when the port refuses. What connects before that is the drain's to serve, or comes at the very moment. */
async function refused(port: number): Promise<void> {
  for (;;) {
    try {
      using _client = await connectTo(port);
    } catch (error) {
      if (error instanceof Deno.errors.ConnectionRefused) return;
      if (!(error instanceof Deno.errors.ConnectionReset)) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
