import { assertEquals, assertStrictEquals } from "@std/assert";
import { WorkerProxy, type WorkerProxyOptions } from "../../lib/workers/mod.ts";
import { utf8 } from "../helpers/bytes.ts";
import {
  exchange,
  randomBytes,
  readAll,
  readExactly,
  readToEnd,
  resettingClient,
  writeAll,
} from "../helpers/clients.ts";
import { hasLinuxSockets } from "../helpers/connections/linux_transport.ts";
import { type StartPlane, type TestPlane, withPlane } from "../helpers/proxy/plane.ts";
import { assertSameBytes } from "../helpers/same_bytes.ts";
import { echo, neverAnswering, resettingTarget, TestTarget } from "../helpers/targets.ts";
import { MORTAL, withMortals } from "./threads/mortals.ts";

function native(options: Partial<WorkerProxyOptions> = {}): StartPlane {
  return (config, observer) => WorkerProxy.start(config, { workers: 1, native: true, observer, ...options });
}

function test(what: string, fn: () => Promise<void>): void {
  Deno.test({ name: `WorkerProxy, native: ${what}`, ignore: !hasLinuxSockets, fn });
}

/** Runs a proxy with one app and this target. */
function withTarget(target: TestTarget, use: (proxy: TestPlane) => Promise<void>): Promise<void> {
  return withPlane(native(), { apps: [{ targets: [target.address] }] }, use);
}

test("a target's reset reaches the client as a reset, behind everything that it said", async () => {
  const answer = randomBytes(700_000);
  await using target = await resettingTarget((socket, reset) => {
    socket.once("data", () => socket.write(answer, () => socket.once("data", reset)));
  });
  await withPlane(native(), { apps: [{ targets: [target.address] }] }, async (proxy) => {
    using client = await proxy.connect();
    await writeAll(client, utf8("question"));
    assertSameBytes(await readExactly(client, answer.length), answer);
    await writeAll(client, utf8("another"));
    assertStrictEquals(await readToEnd(client), "reset");
    const [session] = await proxy.log.ended(1);
    assertEquals([session?.reason, session?.down.bytes], ["target_reset", answer.length]);
  });
});

test("a client's reset reaches the target as a reset, behind everything that it said", async () => {
  const said = randomBytes(300_000);
  const ends: string[] = [];
  await using target = new TestTarget(async (conn) => {
    assertSameBytes(await readExactly(conn, said.length), said);
    await writeAll(conn, utf8("heard"));
    ends.push(await readToEnd(conn));
  });
  await withTarget(target, async (proxy) => {
    const client = await resettingClient(proxy.port);
    await client.write(said);
    await client.received(5);
    await client.reset();
    const [session] = await proxy.log.ended(1);
    await target.done(1);
    assertEquals([session?.reason, session?.up.bytes, ends], ["client_reset", said.length, ["reset"]]);
  });
});

test("the fault that resets sends a reset to both sides", async () => {
  const ends: string[] = [];
  await using target = new TestTarget(async (conn) => {
    ends.push(await readToEnd(conn));
  });
  const faults = [{ kind: "reset", after_bytes: "10B", direction: "up" }];
  await withPlane(native(), { apps: [{ targets: [target.address], faults }] }, async (proxy) => {
    using client = await proxy.connect();
    await writeAll(client, new Uint8Array(20));
    ends.push(await readToEnd(client));
    await target.done(1);
    assertEquals(ends, ["reset", "reset"]);
    assertStrictEquals((await proxy.log.ended(1))[0]?.reason, "killed");
  });
});

test("what ends well ends with FIN on both sides", async () => {
  const ends: string[] = [];
  await using target = new TestTarget(async (conn) => {
    ends.push(await readToEnd(conn));
    await writeAll(conn, utf8("bye"));
  });
  await withTarget(target, async (proxy) => {
    using client = await proxy.connect();
    assertEquals(await exchange(client, utf8("hello")), utf8("bye"));
    assertEquals(ends, ["fin"]);
    assertStrictEquals((await proxy.log.ended(1))[0]?.reason, "client_closed");
  });
});

test("clients that do not read, and many that do, are served side by side", async () => {
  const bulk = 4_000_000;
  await using target = new TestTarget(async (conn, ended) => {
    const kind = (await readExactly(conn, 1))[0];
    if (kind === 1) await Promise.race([writeAll(conn, randomBytes(bulk)), ended]);
    else await echo(conn);
  });
  await withTarget(target, async (proxy) => {
    const deaf = await Promise.all(Array.from({ length: 8 }, async () => {
      const client = await proxy.connect();
      await writeAll(client, Uint8Array.of(1));
      return client;
    }));
    await Promise.all(Array.from({ length: 64 }, async (_, index) => {
      using client = await proxy.connect();
      await writeAll(client, Uint8Array.of(0));
      assertEquals(await exchange(client, utf8(`client ${index}`)), utf8(`client ${index}`));
    }));
    for (const client of deaf) {
      assertSameBytes(await readExactly(client, bulk), randomBytes(bulk));
      client.close();
    }
  });
});

test("streams without end, one each way, starve none of hundreds of short clients", async () => {
  let isOver = false;
  const flood = async (conn: Deno.Conn): Promise<void> => {
    const piece = randomBytes(65_536);
    while (!isOver) await writeAll(conn, piece);
    await conn.closeWrite();
  };
  await using target = new TestTarget(async (conn) => {
    const kind = (await readExactly(conn, 1))[0];
    if (kind === 0) return await echo(conn);
    if (kind === 1) return await flood(conn);
    await neverAnswering(conn);
  });
  await withTarget(target, async (proxy) => {
    const [down, up] = [await proxy.connect(), await proxy.connect()];
    await writeAll(down, Uint8Array.of(1));
    await writeAll(up, Uint8Array.of(2));
    const streams = Promise.all([neverAnswering(down), flood(up)]);
    const clients = Array.from({ length: 300 }, (_, index) => utf8(`client ${index}`));
    for (let at = 0; at < clients.length; at += 100) {
      await Promise.all(
        clients.slice(at, at + 100).map(async (said) => {
          using client = await proxy.connect();
          await writeAll(client, Uint8Array.of(0));
          assertEquals(await exchange(client, said), said);
        }),
      );
    }
    isOver = true;
    await streams;
    up.close();
    down.close();
  });
});

test("resets at any moment leave no session behind", async () => {
  await using target = new TestTarget(echo);
  await withTarget(target, async (proxy) => {
    for (let round = 0; round < 40; round++) {
      const client = await resettingClient(proxy.port);
      const count = 1 + 4000 * (round % 10);
      const writing = client.write(randomBytes(count)).catch(() => {});
      if (round % 4 > 0) await client.received(Math.ceil((round % 4) * count / 4));
      if (round % 8 === 7) target.dropConnections();
      else if (round % 5 === 3) await client.finish();
      await client.reset();
      await writing;
    }
    await proxy.underWay(0);
    using client = await proxy.connect();
    assertEquals(await exchange(client, utf8("still here")), utf8("still here"));
  });
});

test("a worker that dies leaves no connection open, and its successor listens", async () => {
  await using target = new TestTarget(echo);
  await withMortals((kill) =>
    withPlane(native({ module: MORTAL }), { apps: [{ targets: [target.address] }] }, async (proxy) => {
      const clients = await Promise.all(Array.from({ length: 5 }, async () => {
        const client = await proxy.connect();
        await writeAll(client, utf8("x"));
        await readExactly(client, 1);
        return client;
      }));
      kill(0);
      for (const client of clients) {
        await readAll(client).catch(() => {});
        client.close();
      }
      await target.done(clients.length);
      using client = await proxy.connect();
      assertEquals(await exchange(client, utf8("y")), utf8("y"));
      assertStrictEquals(proxy.log.deaths.length, 1);
    })
  );
});
