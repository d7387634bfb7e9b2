import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { utf8 } from "../helpers/bytes.ts";
import { connectTo, exchange, readToEnd, resettingClient } from "../helpers/clients.ts";
import { answeredBy, Fleet, holdConnections } from "../helpers/proxy/fleet.ts";
import { ANY_PORT, type TestProxy, withProxy } from "../helpers/proxy/proxy.ts";
import { echo, TestTarget } from "../helpers/targets.ts";

/** What becomes of one connection that says hello, by its reason. */
async function reasonOf(proxy: TestProxy): Promise<string | undefined> {
  using client = await proxy.connect();
  await exchange(client, utf8("hello"));
  return (await proxy.outcome()).reason;
}

Deno.test("allow, deny: who is not allowed, or is denied, is closed as denied before any dial", async () => {
  await using target = new TestTarget(echo);
  const cases = [
    [{}, "client_closed"],
    [{ allow: ["127.0.0.0/8"] }, "client_closed"],
    [{ allow: ["127.0.0.1"] }, "client_closed"],
    [{ allow: ["10.0.0.0/8"] }, "denied", "not in allow"],
    [{ deny: ["127.0.0.1"] }, "denied", "deny 127.0.0.1"],
    [{ allow: ["127.0.0.1", "10.0.0.0/8"], deny: ["127.0.0.0/8"] }, "denied", "deny 127.0.0.0/8"],
    [{ deny: ["10.0.0.0/8", "::1"] }, "client_closed"],
  ] as const;
  let served = 0;
  for (const [rules, reason, detail = ""] of cases) {
    await withProxy({ targets: [target.address], ...rules }, async (proxy) => {
      using client = await proxy.connect();
      if (reason === "denied") assertStrictEquals(await readToEnd(client), "fin");
      else assertEquals(await exchange(client, utf8("hello")), utf8("hello"));
      const session = await proxy.outcome();
      assertEquals([session.reason, session.tries], [reason, reason === "denied" ? 0 : 1]);
      assertStrictEquals(session.detail, detail);
      served += session.tries;
    });
  }
  assertStrictEquals(target.accepted, served);
});

Deno.test("allow, deny: an IPv4 client of a listener for both families is its IPv4 address", async () => {
  await using target = new TestTarget(echo);
  for (const [deny, reason] of [["127.0.0.1", "denied"], ["::/0", "client_closed"]] as const) {
    const app = { targets: [target.address], listen: [`[::]:${ANY_PORT}`], deny: [deny] };
    await withProxy(app, async (proxy) => {
      using client = await connectTo(proxy.port);
      await client.closeWrite();
      await readToEnd(client);
      const { reason: reported, client: address } = await proxy.outcome();
      assertEquals([reported, address.kind === "tcp" && address.host], [reason, "127.0.0.1"]);
    });
  }
});

Deno.test("max_connections: so many at once over all listeners, the others wait and are served", async () => {
  for (const limit of [{ max_connections: 2 }, {}]) {
    await using fleet = new Fleet(1);
    const listen = [`127.0.0.1:${ANY_PORT}`, `127.0.0.2:${ANY_PORT}`];
    await withProxy({ targets: fleet.addresses, listen, ...limit }, async (proxy) => {
      const clients: Deno.Conn[] = [];
      for (let index = 0; index < 8; index++) {
        clients.push(
          await connectTo(proxy.ports[index % 2] ?? 0, index % 2 === 0 ? "127.0.0.1" : "127.0.0.2"),
        );
      }
      const waiting = new Map(clients.map((client) => [client, answeredBy(client).then(() => client)]));
      if (!("max_connections" in limit)) await Promise.all(waiting.values());
      while (waiting.size > 0) {
        const served = await Promise.race(waiting.values());
        waiting.delete(served);
        assert(!("max_connections" in limit) || proxy.proxy.activeSessions() <= 2);
        served.close();
        assertStrictEquals((await proxy.outcome()).reason, "client_closed");
      }
      assertStrictEquals(fleet.mostAtOnce, "max_connections" in limit ? 2 : 8);
    });
  }
});

Deno.test("max_connections: a client that leaves before it is let in costs no place", async () => {
  await using fleet = new Fleet(1);
  await withProxy({ targets: fleet.addresses, max_connections: 1 }, async (proxy) => {
    using held = await holdConnections(proxy, 1);
    for (let count = 0; count < 3; count++) await (await resettingClient(proxy.port)).reset();
    using next = await proxy.connect();
    held.clients[0]?.close();
    held.clients.length = 0;
    assertStrictEquals(await answeredBy(next), 0);
  });
});

Deno.test("max_connections: a proxy with a full app stops, and drains", async () => {
  for (const end of ["stop", "drain"] as const) {
    await using fleet = new Fleet(1);
    const options = { shutdown: { drain_timeout: "100ms" } };
    await withProxy({ targets: fleet.addresses, max_connections: 1 }, async (proxy) => {
      using _held = await holdConnections(proxy, 1);
      using waiting = await proxy.connect();
      await proxy.proxy[end]();
      assertStrictEquals((await proxy.outcome()).reason, "drained");
      await readToEnd(waiting);
      assertStrictEquals(fleet.mostAtOnce, 1);
    }, options);
  }
});

Deno.test("accept_rate: what comes faster is accepted later; without it nothing waits", async () => {
  await using fleet = new Fleet(1);
  for (const limit of [{ accept_rate: "20/s" }, {}]) {
    await withProxy({ targets: fleet.addresses, ...limit }, async (proxy) => {
      const beganMs = performance.now();
      using held = await holdConnections(proxy, 24);
      const lastedMs = performance.now() - beganMs;
      assertStrictEquals(held.answers.length, 24);
      // A second's worth comes in at once, four more take a twentieth of a second each.
      if ("accept_rate" in limit) {
        assert(lastedMs >= 199, `24 connections at 20/s were in after ${lastedMs} ms`);
      }
    });
  }
});

Deno.test("max_connections_per_client: more than so many of one client are closed as limit, until one ends", async () => {
  await using fleet = new Fleet(1);
  await withProxy({ targets: fleet.addresses, max_connections_per_client: 2 }, async (proxy) => {
    using held = await holdConnections(proxy, 2);
    using refused = await proxy.connect();
    assertStrictEquals(await readToEnd(refused), "fin");
    const session = await proxy.outcome();
    assertEquals([session.reason, session.tries], ["limit", 0]);
    assertStrictEquals(session.detail, "the client has max_connections_per_client open");
    await held.clients[0]?.closeWrite();
    assertStrictEquals((await proxy.outcome()).reason, "client_closed");
    await held.add(proxy);
    assertEquals(held.answers, [0, 0, 0]);
  });
  await withProxy({ targets: fleet.addresses }, async (proxy) => {
    using held = await holdConnections(proxy, 3);
    assertEquals(held.answers, [0, 0, 0]);
  });
});

Deno.test("accept_rate_per_client: what comes faster is closed as rate_limit", async () => {
  await using target = new TestTarget(echo);
  await withProxy({ targets: [target.address], accept_rate_per_client: "1/s" }, async (proxy) => {
    using first = await proxy.connect();
    using second = await proxy.connect();
    await first.closeWrite();
    await second.closeWrite();
    await Promise.all([readToEnd(first), readToEnd(second)]);
    const ends = (await proxy.outcomes(2)).map(({ reason, detail }) => `${reason}: ${detail}`).sort();
    assertEquals(ends, ["client_closed: ", "rate_limit: the client is above accept_rate_per_client"]);
  });
  await withProxy({ targets: [target.address] }, async (proxy) => {
    for (let count = 0; count < 3; count++) assertStrictEquals(await reasonOf(proxy), "client_closed");
  });
});
