import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { utf8 } from "../../helpers/bytes.ts";
import { exchange, readAll, readExactly, resettingClient, writeAll } from "../../helpers/clients.ts";
import { withProxy } from "../../helpers/proxy/proxy.ts";
import { blackHole, echo, refusingAddress, TestTarget } from "../../helpers/targets.ts";

/** Starts every order of targets at the first one. */
const FROM_THE_FIRST = { random: (): number => 0 };

Deno.test("Proxy: all targets dead closes the client as no_target and lists each answer once, in order", async () => {
  const targets = [refusingAddress(), refusingAddress(), refusingAddress()];
  await withProxy({ targets }, async (proxy) => {
    using client = await proxy.connect();
    assertEquals(await readAll(client), new Uint8Array());
    const session = await proxy.outcome();
    assertEquals([session.reason, session.tries, session.target], ["no_target", 3, undefined]);
    assertEquals(
      session.failures.map(({ target, code }) => [target.label, code]),
      targets.map((label) => [label, "ECONNREFUSED"]),
    );
  }, FROM_THE_FIRST);
});

Deno.test("Proxy: the order begins at a random target and goes round", async () => {
  const targets = [refusingAddress(), refusingAddress(), refusingAddress()];
  const [first, second, third] = targets;
  await withProxy({ targets }, async (proxy) => {
    using client = await proxy.connect();
    await readAll(client);
    const { failures } = await proxy.outcome();
    assertEquals(failures.map(({ target }) => target.label), [third, first, second]);
  }, { random: () => 0.99 });
});

Deno.test("Proxy: first target dead, the next one serves", async () => {
  await using target = new TestTarget(echo);
  const dead = refusingAddress();
  await withProxy({ targets: [dead, target.address] }, async (proxy) => {
    using client = await proxy.connect();
    assertEquals(await exchange(client, utf8("hello")), utf8("hello"));
    const session = await proxy.outcome();
    assertEquals([session.reason, session.tries, session.target?.label], [
      "client_closed",
      2,
      target.address,
    ]);
    assertEquals(session.failures.map(({ target }) => target.label), [dead]);
  }, FROM_THE_FIRST);
});

Deno.test("Proxy: last target dead is never dialed while the first one answers", async () => {
  await using target = new TestTarget(echo);
  await withProxy({ targets: [target.address, refusingAddress()] }, async (proxy) => {
    using client = await proxy.connect();
    assertEquals(await exchange(client, utf8("hello")), utf8("hello"));
    const session = await proxy.outcome();
    assertEquals([session.tries, session.failures.length], [1, 0]);
  }, FROM_THE_FIRST);
});

Deno.test("Proxy: a target that is named twice is dialed once for each time", async () => {
  const dead = refusingAddress();
  await withProxy({ targets: [dead, dead, dead, dead] }, async (proxy) => {
    using client = await proxy.connect();
    await readAll(client);
    const session = await proxy.outcome();
    assertEquals([session.reason, session.tries, session.failures.length], ["no_target", 4, 4]);
  });
});

Deno.test("Proxy: when a session has ended it counts on none of its targets", async () => {
  await using target = new TestTarget(echo);
  await withProxy({ targets: [refusingAddress(), target.address] }, async (proxy) => {
    using client = await proxy.connect();
    await writeAll(client, utf8("x"));
    await readExactly(client, 1);
    await client.closeWrite();
    await readAll(client);
    const { target: served, failures } = await proxy.outcome();
    assertEquals([served, ...failures.map(({ target }) => target)].map((each) => each?.target.active), [
      0,
      0,
    ]);
  }, FROM_THE_FIRST);
});

Deno.test("Proxy: a target on host:* is dialed on the port that the client came to", async () => {
  await withProxy({ targets: ["127.0.0.9:*"], listen: ["127.0.0.1:1", "127.0.0.2:1"] }, async (proxy) => {
    for (const [index, hostname] of ["127.0.0.1", "127.0.0.2"].entries()) {
      const port = proxy.ports[index] ?? 0;
      await using target = new TestTarget(echo, { hostname: "127.0.0.9", port });
      using client = await Deno.connect({ hostname, port });
      assertEquals(await exchange(client, utf8("hello")), utf8("hello"));
      assertStrictEquals((await proxy.outcome()).target?.label, target.address);
    }
  });
});

Deno.test("Proxy: a name that does not resolve is one answer among the others", async () => {
  await using target = new TestTarget(echo);
  await withProxy({ targets: ["bad.target.invalid:6003", target.address] }, async (proxy) => {
    using client = await proxy.connect();
    assertEquals(await exchange(client, utf8("hello")), utf8("hello"));
    const session = await proxy.outcome();
    assertEquals(session.failures.map(({ code }) => code), ["ENOTFOUND"]);
  }, FROM_THE_FIRST);
});

Deno.test("Proxy: a black-holed target slows only the clients that it falls to", async () => {
  using hole = await blackHole();
  await using target = new TestTarget(echo);
  let start = 0;
  await withProxy({ targets: [hole.address, target.address] }, async (proxy) => {
    using _unlucky = await proxy.connect();
    await proxy.underWay(1);
    start = 0.9;
    using lucky = await proxy.connect();
    assertEquals(await exchange(lucky, utf8("hello")), utf8("hello"));
    assertStrictEquals((await proxy.outcome()).tries, 1);
    assertStrictEquals(proxy.proxy.activeSessions(), 1);
  }, { random: () => start });
});

Deno.test("Proxy: connect_timeout ends one dial and the next target serves", async () => {
  using hole = await blackHole();
  await using target = new TestTarget(echo);
  await withProxy({ targets: [hole.address, target.address], connect_timeout: "100ms" }, async (proxy) => {
    using client = await proxy.connect();
    assertEquals(await exchange(client, utf8("hello")), utf8("hello"));
    const { failures, tries } = await proxy.outcome();
    const [failure] = failures;
    assertEquals([tries, failure?.code, failure?.message], [2, "ETIMEDOUT", "no answer within 100 ms"]);
    assert((failure?.durationMs ?? 0) >= 99, `the dial was given up after ${failure?.durationMs} ms`);
  }, FROM_THE_FIRST);
});

Deno.test("Proxy: connect_deadline ends all dials of a connection as no_target", async () => {
  using hole = await blackHole();
  const app = { targets: [hole.address, hole.address, hole.address], "connect_deadline": "150ms" };
  await withProxy({ ...app, connect_timeout: "100ms" }, async (proxy) => {
    using client = await proxy.connect();
    assertEquals(await readAll(client), new Uint8Array());
    const session = await proxy.outcome();
    assertEquals([session.reason, session.tries], ["no_target", 2]);
    assertEquals(session.failures.map(({ code }) => code), ["ETIMEDOUT", "ETIMEDOUT"]);
  });
});

Deno.test("Proxy: a client that resets stops the dialing as client_gone", async () => {
  using hole = await blackHole();
  await withProxy({ targets: [hole.address, hole.address] }, async (proxy) => {
    const client = await resettingClient(proxy.port);
    await proxy.underWay(1);
    await client.reset();
    const session = await proxy.outcome();
    assertEquals([session.reason, session.tries, session.failures.length], ["client_gone", 1, 0]);
  });
});

Deno.test("Proxy: a client that resets after its data stops the dialing too", async () => {
  using hole = await blackHole();
  await withProxy({ targets: [hole.address, hole.address], "connect_timeout": "4s" }, async (proxy) => {
    const client = await resettingClient(proxy.port);
    await client.write(utf8("request"));
    await proxy.underWay(1);
    // Longer than until the sweep that begins to read from the client.
    await new Promise((resolve) => setTimeout(resolve, 700));
    await client.reset();
    const session = await proxy.outcome();
    assertEquals([session.reason, session.tries, session.up.bytes], ["client_gone", 1, 0]);
  });
});

for (const request of ["", "request"]) {
  Deno.test(`Proxy: a client that finishes ${request === "" ? "without a byte" : "after its data"} gets what the target says, however long its dial takes`, async () => {
    using hole = await blackHole();
    await using target = new TestTarget(async (conn) => {
      await writeAll(conn, utf8("220 ready"));
      await writeAll(conn, await readAll(conn));
    });
    const targets = [hole.address, hole.address, target.address];
    // So long that a sweep finds the dial, and the client is watched, in each of the first two.
    await withProxy({ targets, connect_timeout: "600ms" }, async (proxy) => {
      using client = await proxy.connect();
      await writeAll(client, utf8(request));
      await client.closeWrite();
      assertEquals(await readAll(client), utf8(`220 ready${request}`));
      const session = await proxy.outcome();
      assertEquals([session.reason, session.tries], ["client_closed", 3]);
    }, FROM_THE_FIRST);
  });
}

Deno.test("Proxy: what a client sends while its target is dialed arrives first", async () => {
  using hole = await blackHole();
  await using target = new TestTarget(echo);
  await withProxy({ targets: [hole.address, target.address], connect_timeout: "100ms" }, async (proxy) => {
    using client = await proxy.connect();
    await writeAll(client, utf8("early "));
    const request = utf8("late");
    assertEquals(await exchange(client, request), utf8("early late"));
    assertStrictEquals((await proxy.outcome()).up.bytes, 10);
  }, FROM_THE_FIRST);
});

Deno.test("retry: a client waits for a target that starts meanwhile, and every dial is a try", async () => {
  const address = refusingAddress();
  const app = { targets: [address], retry: { tries: 1000, pause: "5ms" } };
  await withProxy(app, async (proxy) => {
    using client = await proxy.connect();
    await proxy.underWay(1);
    // Several rounds.
    await new Promise((resolve) => setTimeout(resolve, 30));
    await using _target = new TestTarget(echo, { port: Number(address.split(":").at(-1)) });
    assertEquals(await exchange(client, utf8("hello")), utf8("hello"));
    const session = await proxy.outcome();
    assertStrictEquals(session.reason, "client_closed");
    assert(session.tries > 1);
    assertStrictEquals(session.failures.length, session.tries - 1);
  });
});

Deno.test("retry: off, the default, dials each target once; otherwise as often as its tries say", async () => {
  for (const [retry, tries] of [[undefined, 2], ["off", 2], [{ tries: 5, pause: "1ms" }, 5]] as const) {
    const app = {
      targets: [refusingAddress(), refusingAddress()],
      ...(retry === undefined ? {} : { retry }),
    };
    await withProxy(app, async (proxy) => {
      using client = await proxy.connect();
      assertEquals(await readAll(client), new Uint8Array());
      const session = await proxy.outcome();
      assertEquals([session.reason, session.tries, session.failures.length], ["no_target", tries, tries]);
    });
  }
});

Deno.test("retry: a client that resets ends the pause", async () => {
  const app = { targets: [refusingAddress()], retry: { tries: 2, pause: "10m" }, "connect_deadline": "1h" };
  await withProxy(app, async (proxy) => {
    const client = await resettingClient(proxy.port);
    await proxy.underWay(1);
    await client.reset();
    const session = await proxy.outcome();
    assertEquals([session.reason, session.tries], ["client_gone", 1]);
  });
});
