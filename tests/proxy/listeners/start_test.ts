import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { Proxy, StartError } from "../../../lib/proxy/mod.ts";
import { utf8 } from "../../helpers/bytes.ts";
import { connectTo, exchange } from "../../helpers/clients.ts";
import { freePort } from "../../helpers/free_ports.ts";
import { configOf, ProxyLog, withProxy } from "../../helpers/proxy/proxy.ts";
import { echo, TestTarget } from "../../helpers/targets.ts";

Deno.test("Proxy.start: listens on every address of every app, in the order of the config", async () => {
  await using first = new TestTarget(echo);
  await using second = new TestTarget(echo);
  const config = configOf({
    apps: [
      { name: "one", listen: ["127.0.0.1:1", "127.0.0.2:1"], targets: [first.address] },
      { name: "two", listen: ["127.0.0.3:1"], targets: [second.address] },
    ],
  });
  const log = new ProxyLog();
  const proxy = await Proxy.start(config, { observer: log });
  try {
    const listeners = proxy.listeners();
    assertEquals(listeners.map(({ app, address }) => [app, address.kind === "tcp" && address.host]), [
      ["one", "127.0.0.1"],
      ["one", "127.0.0.2"],
      ["two", "127.0.0.3"],
    ]);
    for (const { app, address } of listeners) {
      if (address.kind !== "tcp") continue;
      using client = await connectTo(address.port, address.host);
      assertEquals(await exchange(client, utf8("hello")), utf8("hello"));
      const session = await log.outcome();
      assertEquals([session.app.name, session.listener], [app, address]);
    }
    assertEquals([first.accepted, second.accepted], [2, 1]);
  } finally {
    await proxy.stop();
  }
});

Deno.test("Proxy.start: a port that is taken names app and address, and everything else is closed again", async () => {
  await using target = new TestTarget(echo);
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const free = freePort();
  const root = (last: string): Parameters<typeof configOf>[0] => ({
    apps: [
      { name: "good", listen: [`127.0.0.2:${free}`], targets: [target.address] },
      { name: "bad", listen: [last], targets: [target.address] },
    ],
  });
  const address = `127.0.0.1:${taken.addr.port}`;
  const error = await assertRejects(
    () => Proxy.start(configOf(root(address)), { observer: new ProxyLog() }),
    StartError,
  );
  assertStrictEquals(
    error.message,
    `start app "bad": listen on ${address}: port already in use; choose another one, or stop the process that uses it`,
  );
  // Were the first listener still open, this would fail in the same way.
  const proxy = await Proxy.start(configOf(root("127.0.0.3:1")), { observer: new ProxyLog() });
  await proxy.stop();
});

Deno.test("Proxy.start: a client that comes while the proxy fails to start is served by no target", async () => {
  await using target = new TestTarget(echo);
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const free = freePort();
  const config = configOf({
    apps: [{
      listen: [`127.0.0.2:${free}`, `127.0.0.1:${taken.addr.port}`],
      targets: [target.address],
    }],
  });
  await assertRejects(() => Proxy.start(config, { observer: new ProxyLog() }), StartError);
  await assertRejects(() => connectTo(free, "127.0.0.2"), Deno.errors.ConnectionRefused);
  assertStrictEquals(target.accepted, 0);
});

Deno.test("Proxy.stop: closes sessions as drained, frees the ports, and may be called again", async () => {
  await using target = new TestTarget(echo);
  await withProxy({ targets: [target.address] }, async (proxy) => {
    const { port } = proxy;
    using client = await proxy.connect();
    await client.write(utf8("x"));
    await target.connections(1);
    await proxy.underWay(1);
    await proxy.proxy.stop();
    assertStrictEquals((await proxy.outcome()).reason, "drained");
    assertStrictEquals(proxy.proxy.activeSessions(), 0);
    await proxy.proxy.stop();
    await assertRejects(() => connectTo(port), Deno.errors.ConnectionRefused);
    using again = Deno.listen({ hostname: "127.0.0.1", port });
    assert(again.addr.port === port);
  });
});

Deno.test("Proxy: IPv6 on both sides", async () => {
  await using target = new TestTarget(echo, { hostname: "::1" });
  await withProxy({ targets: [target.address], listen: ["[::1]:1"] }, async (proxy) => {
    using client = await connectTo(proxy.port, "::1");
    assertEquals(await exchange(client, utf8("hello")), utf8("hello"));
    const session = await proxy.outcome();
    assertEquals([session.reason, session.target?.label], ["client_closed", target.address]);
  });
});

Deno.test("Proxy: on [::] it serves IPv4 and IPv6 clients alike", async () => {
  await using target = new TestTarget(echo);
  await withProxy({ targets: [target.address], listen: ["[::]:1"] }, async (proxy) => {
    for (const host of ["127.0.0.1", "::1"]) {
      using client = await connectTo(proxy.port, host);
      assertEquals(await exchange(client, utf8("hello")), utf8("hello"));
      assertStrictEquals((await proxy.outcome()).reason, "client_closed");
    }
  });
});
