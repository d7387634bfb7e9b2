import { assertEquals, assertMatch, assertStrictEquals } from "@std/assert";
import { concat, utf8 } from "../../helpers/bytes.ts";
import {
  alpn,
  buildHello,
  buildHelloMessage,
  buildRecords,
  extension,
  record,
  serverName,
} from "../../helpers/tls/client_hello.ts";
import { exchange, readAll, readToEnd, writeAll } from "../../helpers/clients.ts";
import { Fleet } from "../../helpers/proxy/fleet.ts";
import { type TestProxy, withProxy } from "../../helpers/proxy/proxy.ts";
import { echo, refusingAddress, sending, TestTarget } from "../../helpers/targets.ts";

/** A hello with this server name and these protocols, and what an impatient client might send behind it. */
function hello(name: string | undefined, ...protocols: string[]): Uint8Array {
  const extensions = [
    ...(name === undefined ? [] : [serverName(name)]),
    ...(protocols.length === 0 ? [] : [alpn(...protocols)]),
  ];
  return concat(buildHello({ extensions }), utf8("and more"));
}

/** Sends these bytes; gives which of a fleet has answered them, and that it was these. */
async function routeOf(proxy: TestProxy, bytes: Uint8Array): Promise<number> {
  using client = await proxy.connect();
  const reply = await exchange(client, bytes);
  assertEquals(reply.subarray(1), bytes);
  await proxy.outcome();
  return reply[0] ?? -1;
}

/** The routes of a fleet, with an app's own targets where it has one more. */
function routed(
  fleet: Fleet,
  rules: readonly { sni?: string[]; alpn?: string[] }[],
): Record<string, unknown> {
  const routes = rules.map((rule, index) => ({ ...rule, targets: [fleet.addresses[index]] }));
  const own = fleet.addresses.slice(rules.length);
  return own.length > 0 ? { routes, targets: own } : { routes };
}

Deno.test("routes: the first that matches the hello takes it, and the target gets every byte unchanged", async () => {
  await using fleet = new Fleet(6);
  const rules = [
    { sni: ["a.test"] },
    { sni: ["*.b.test", "b.test"] },
    { sni: ["c.test"], alpn: ["h2"] },
    { sni: ["c.test", "a.test"] },
    { alpn: ["postgresql"] },
  ];
  await withProxy(routed(fleet, rules), async (proxy) => {
    const cases: readonly (readonly [Uint8Array, number])[] = [
      [hello("a.test"), 0],
      [hello("A.TEST"), 0],
      [hello("b.test"), 1],
      [hello("deep.in.b.test"), 1],
      [hello("c.test", "http/1.1", "h2"), 2],
      [hello("c.test", "http/1.1"), 3],
      [hello("d.test", "postgresql"), 4],
      [hello(undefined, "postgresql"), 4],
      [hello("d.test"), 5],
      [hello("a.test.d.test"), 5],
      [hello(undefined), 5],
      [utf8("SSH-2.0-client\r\n"), 5],
    ];
    for (const [bytes, index] of cases) assertStrictEquals(await routeOf(proxy, bytes), index);
  });
});

Deno.test("routes: a catch-all takes what names no server and what is no TLS", async () => {
  await using fleet = new Fleet(2);
  await withProxy(routed(fleet, [{ sni: ["*"] }, {}]), async (proxy) => {
    assertStrictEquals(await routeOf(proxy, hello("any.test")), 0);
    assertStrictEquals(await routeOf(proxy, hello(undefined)), 1);
    assertStrictEquals(await routeOf(proxy, utf8("GET / HTTP/1.1\r\n\r\n")), 1);
  });
});

Deno.test("routes: a hello that is cut at any byte, or into records of one byte, is routed, and arrives unchanged", async () => {
  await using fleet = new Fleet(2);
  const rules = [{ sni: ["cut.test"], alpn: ["h2"] }];
  const extensions = [serverName("cut.test"), alpn("h2")];
  const message = buildHelloMessage({ extensions });
  const whole = buildRecords(message);
  await withProxy(routed(fleet, rules), async (proxy) => {
    for (let cut = 1; cut < whole.length; cut++) {
      using client = await proxy.connect();
      client.setNoDelay(true);
      await writeAll(client, whole.subarray(0, cut));
      // A turn of the event loop, in which the proxy reads what has come.
      await new Promise((resolve) => setTimeout(resolve, 0));
      const reply = await exchange(client, whole.subarray(cut));
      assertEquals(reply, concat(Uint8Array.of(0), whole), `cut at byte ${cut}`);
    }
    assertStrictEquals(await routeOf(proxy, buildRecords(message, { sizes: [1] })), 0);
  });
});

Deno.test("routes: a hello as long as they come is routed", async () => {
  await using fleet = new Fleet(2);
  const extensions = [extension(21, new Uint8Array(12_000)), serverName("long.test")];
  const bytes = buildRecords(buildHelloMessage({ extensions }), { sizes: [4096] });
  await withProxy(routed(fleet, [{ sni: ["long.test"] }]), async (proxy) => {
    assertStrictEquals(await routeOf(proxy, bytes), 0);
  });
});

Deno.test("routes: where none matches and there are no targets of the app's own, it is no_route", async () => {
  await using target = new TestTarget(echo);
  const routes = [{ sni: ["a.test"], targets: [target.address] }];
  await withProxy({ routes }, async (proxy) => {
    const cases = [
      [hello("b.test"), "b.test", "no route takes the server name b.test"],
      [hello(undefined), undefined, "no route takes a connection without a server name"],
      [utf8("SSH-2.0-client"), undefined, "no route takes what is no TLS"],
    ] as const;
    for (const [bytes, sni, detail] of cases) {
      using client = await proxy.connect();
      await writeAll(client, bytes);
      await readToEnd(client);
      const session = await proxy.outcome();
      assertEquals([session.reason, session.sni, session.tries], ["no_route", sni, 0]);
      assertStrictEquals(session.detail, detail);
    }
  });
  assertStrictEquals(target.accepted, 0);
});

Deno.test("routes: where they go by protocol too, no_route names those that the client offers", async () => {
  await using target = new TestTarget(echo);
  const routes = [{ sni: ["a.test"], alpn: ["h2"], targets: [target.address] }];
  const many = Array.from({ length: 12 }, (_, index) => `p${index}`);
  await withProxy({ routes }, async (proxy) => {
    const cases = [
      [hello("a.test", "http/1.1"), "no route takes the server name a.test with the protocol http/1.1"],
      [hello("a.test", "x", "y"), "no route takes the server name a.test with the protocols x, y"],
      [
        hello("a.test", ...many),
        "no route takes the server name a.test with the protocols p0, p1, p2, p3, p4, p5, p6, p7 and 4 more",
      ],
      [hello("a.test"), "no route takes the server name a.test without a protocol (ALPN)"],
      [
        hello(undefined, "h2"),
        "no route takes a connection without a server name with the protocol h2",
      ],
      [hello(undefined), "no route takes a connection without a server name and without a protocol (ALPN)"],
      [utf8("SSH-2.0-client"), "no route takes what is no TLS"],
    ] as const;
    for (const [bytes, detail] of cases) {
      using client = await proxy.connect();
      await writeAll(client, bytes);
      await readToEnd(client);
      assertStrictEquals((await proxy.outcome()).detail, detail);
    }
  });
});

Deno.test("routes: a hello that is malformed, too long, too late or cut short is bad_client_hello, each in its words", async () => {
  await using target = new TestTarget(echo);
  const app = { routes: [{ targets: [target.address] }], "client_hello_timeout": "50ms" };
  const whole = hello("a.test");
  const tooLong = buildRecords(
    buildHelloMessage({
      extensions: [extension(21, new Uint8Array(20_000))],
    }),
    { sizes: [4096] },
  );
  const malformed = record(22, concat(Uint8Array.of(1, 0, 0, 4), new Uint8Array(4)));
  await withProxy(app, async (proxy) => {
    const cases: readonly (readonly [Uint8Array, boolean, RegExp])[] = [
      [malformed, false, /./],
      [tooLong, false, /too long/],
      [whole.subarray(0, 30), false, /in time/],
      [new Uint8Array(), false, /in time/],
      [whole.subarray(0, 30), true, /mid-hello/],
    ];
    const details: string[] = [];
    for (const [bytes, isFinished, detail] of cases) {
      using client = await proxy.connect();
      await writeAll(client, bytes);
      if (isFinished) await client.closeWrite();
      await readToEnd(client);
      const session = await proxy.outcome();
      assertEquals([session.reason, session.tries], ["bad_client_hello", 0]);
      assertMatch(session.detail, detail);
      details.push(session.detail);
    }
    assertStrictEquals(new Set(details).size, 4);
  });
  assertStrictEquals(target.accepted, 0);
});

Deno.test("routes: a client that leaves without a byte is client_gone", async () => {
  await using target = new TestTarget(echo);
  await withProxy({ routes: [{ targets: [target.address] }] }, async (proxy) => {
    (await proxy.connect()).close();
    assertStrictEquals((await proxy.outcome()).reason, "client_gone");
  });
});

Deno.test("routes: without them a server that speaks first is heard, and nothing is waited for", async () => {
  await using target = new TestTarget(sending(utf8("220 ready\r\n")));
  await withProxy({ targets: [target.address], client_hello_timeout: "1h" }, async (proxy) => {
    using client = await proxy.connect();
    const greeting = await readAll(client);
    assertEquals(greeting, utf8("220 ready\r\n"));
    await client.closeWrite();
    assertEquals((await proxy.outcome()).sni, undefined);
  });
});

Deno.test("routes: the targets of one route stand in for each other, and for no other route's", async () => {
  await using fleet = new Fleet(2);
  const [first, second] = fleet.addresses;
  const routes = [
    { sni: ["a.test"], targets: [refusingAddress(), first] },
    { sni: ["b.test"], targets: [refusingAddress()] },
    { targets: [second] },
  ];
  await withProxy({ routes, balance: "first" }, async (proxy) => {
    assertStrictEquals(await routeOf(proxy, hello("a.test")), 0);
    using client = await proxy.connect();
    await writeAll(client, hello("b.test"));
    await readToEnd(client);
    const session = await proxy.outcome();
    assertEquals([session.reason, session.sni, session.tries], ["no_target", "b.test", 1]);
  });
});

Deno.test("routes: behind a PROXY header the hello comes next", async () => {
  await using fleet = new Fleet(2);
  const accept = { accept: "required", from: ["127.0.0.1"] };
  await withProxy({ ...routed(fleet, [{ sni: ["a.test"] }]), proxy_protocol: accept }, async (proxy) => {
    using client = await proxy.connect();
    const header = utf8("PROXY TCP4 192.0.2.1 198.51.100.2 1000 443\r\n");
    const reply = await exchange(client, concat(header, hello("a.test")));
    assertEquals(reply, concat(Uint8Array.of(0), hello("a.test")));
    const { client: address, sni } = await proxy.outcome();
    assertEquals([address, sni], [{ kind: "tcp", host: "192.0.2.1", port: 1000 }, "a.test"]);
  });
});
