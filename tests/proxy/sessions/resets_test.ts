import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { monotonicClock } from "../../../lib/base/mod.ts";
import { utf8 } from "../../helpers/bytes.ts";
import {
  randomBytes,
  readAll,
  readExactly,
  readToEnd,
  resettingClient,
  writeAll,
} from "../../helpers/clients.ts";
import { withProxy } from "../../helpers/proxy/proxy.ts";
import { echo, neverAnswering, resettingTarget, sending, TestTarget } from "../../helpers/targets.ts";

const MIB = 1024 * 1024;

const ENGINES: readonly { name: string; app: Readonly<Record<string, unknown>> }[] = [
  { name: "pump", app: {} },
  { name: "stream pipeline", app: { bandwidth: { upload: "1GiB/s", download: "1GiB/s" } } },
];

for (const { name, app } of ENGINES) {
  Deno.test(`Proxy, ${name}: reset by the client before any byte ends the session as client_reset`, async () => {
    await using target = new TestTarget(echo);
    await withProxy({ ...app, targets: [target.address] }, async (proxy) => {
      const client = await resettingClient(proxy.port);
      await target.connections(1);
      await client.reset();
      const session = await proxy.outcome();
      // The dial may still have been under way on the proxy's side, though the target has accepted.
      assertEquals(["client_reset", "client_gone"].includes(session.reason ?? ""), true);
      assertEquals([session.up.bytes, session.down.bytes], [0, 0]);
      await target.done(1);
    });
  });

  Deno.test(`Proxy, ${name}: reset by the client in mid-transfer ends the session as client_reset`, async () => {
    await using target = new TestTarget(echo);
    await withProxy({ ...app, targets: [target.address] }, async (proxy) => {
      const client = await resettingClient(proxy.port);
      await client.write(randomBytes(MIB));
      await client.received(100_000);
      await client.reset();
      const session = await proxy.outcome();
      assertStrictEquals(session.reason, "client_reset");
      await target.done(1);
    });
  });

  Deno.test(`Proxy, ${name}: reset by the client after its data and the reply ends the session as client_reset`, async () => {
    await using target = new TestTarget(echo);
    await withProxy({ ...app, targets: [target.address] }, async (proxy) => {
      const client = await resettingClient(proxy.port);
      await client.write(utf8("hello"));
      await client.received(5);
      await client.reset();
      const session = await proxy.outcome();
      assertEquals([session.reason, session.up.bytes, session.down.bytes], ["client_reset", 5, 5]);
      await target.done(1);
    });
  });

  Deno.test(`Proxy, ${name}: reset by the target at once closes the client and is put down to the target`, async () => {
    await using target = await resettingTarget((_socket, reset) => reset());
    await withProxy({ ...app, targets: [target.address] }, async (proxy) => {
      using client = await proxy.connect();
      assertEquals(await readAll(client), new Uint8Array());
      const session = await proxy.outcome();
      // An RST that overtakes the end of the connect is what the dial answered, and the next target is tried.
      const answer = session.reason === "no_target" ? session.failures[0]?.code : "ECONNRESET";
      assertEquals(["ECONNRESET", "ENOTCONN"].includes(answer ?? ""), true);
      assertEquals(["target_reset", "no_target"].includes(session.reason ?? ""), true);
      assertEquals([session.down.bytes, session.tries], [0, 1]);
    });
  });

  Deno.test(`Proxy, ${name}: reset by the target in mid-transfer ends the session as target_reset`, async () => {
    await using target = await resettingTarget((socket, reset) => {
      let seen = 0;
      socket.on("data", (chunk: Uint8Array) => {
        seen += chunk.length;
        if (seen >= 100_000) reset();
      });
    });
    await withProxy({ ...app, targets: [target.address] }, async (proxy) => {
      using client = await proxy.connect();
      await Promise.allSettled([writeAll(client, randomBytes(8 * MIB)), readToEnd(client)]);
      assertStrictEquals((await proxy.outcome()).reason, "target_reset");
    });
  });

  Deno.test(`Proxy, ${name}: bytes that the target sent before its reset reach the client`, async () => {
    await using target = await resettingTarget((socket, reset) => {
      socket.write("last words");
      socket.once("data", reset);
    });
    let skippedMs = 0;
    const clock = { nowMs: (): number => monotonicClock.nowMs() + skippedMs };
    await withProxy({ ...app, targets: [target.address] }, async (proxy) => {
      using client = await proxy.connect();
      assertEquals(await readExactly(client, 10), utf8("last words"));
      await writeAll(client, utf8("x"));
      assertEquals(await readAll(client), new Uint8Array());
      // The client is listened to until it has been silent for five seconds.
      skippedMs = 5000;
      const session = await proxy.outcome();
      assertEquals([session.reason, session.down.bytes], ["target_reset", 10]);
    }, { clock });
  });

  Deno.test(`Proxy, ${name}: target that closes in mid-transfer ends the session and closes the client`, async () => {
    await using target = new TestTarget(async (conn) => {
      await readExactly(conn, 100_000);
    });
    await withProxy({ ...app, targets: [target.address] }, async (proxy) => {
      using client = await proxy.connect();
      const writing = assertRejects(async () => {
        // It ends by failing: nobody takes the bytes once the proxy has closed.
        for (;;) await writeAll(client, randomBytes(MIB));
      });
      await readToEnd(client);
      await writing;
      assertStrictEquals((await proxy.outcome()).reason, "target_reset");
    });
  });

  Deno.test(`Proxy, ${name}: client that closes while the target sends ends the session and closes the target`, async () => {
    await using target = new TestTarget(async (conn) => {
      await sending(randomBytes(16 * MIB))(conn, Promise.resolve());
    });
    await withProxy({ ...app, targets: [target.address] }, async (proxy) => {
      using client = await proxy.connect();
      await readExactly(client, 100_000);
      client.close();
      assertStrictEquals((await proxy.outcome()).reason, "client_reset");
      await target.done(1);
    });
  });
}

Deno.test("Proxy: reset by the client after its FIN while the reply is on its way ends the session as client_reset", async () => {
  await using target = new TestTarget(async (conn) => {
    await readAll(conn);
    for (;;) await writeAll(conn, randomBytes(MIB));
  });
  await withProxy({ targets: [target.address] }, async (proxy) => {
    const client = await resettingClient(proxy.port);
    await client.write(utf8("request"));
    await client.finish();
    await client.received(100_000);
    await client.reset();
    const session = await proxy.outcome();
    assertEquals([session.reason, session.up.finished], ["client_reset", true]);
    await target.done(1);
  });
});

Deno.test("Proxy: reset of one session leaves the others alone", async () => {
  await using target = new TestTarget(echo);
  await withProxy({ targets: [target.address] }, async (proxy) => {
    using steady = await proxy.connect();
    await writeAll(steady, utf8("before"));
    assertEquals(await readExactly(steady, 6), utf8("before"));
    for (let round = 0; round < 20; round++) {
      const client = await resettingClient(proxy.port);
      await client.write(utf8("x"));
      await client.received(1);
      await client.reset();
      assertStrictEquals((await proxy.outcome()).reason, "client_reset");
    }
    await writeAll(steady, utf8("after"));
    assertEquals(await readExactly(steady, 5), utf8("after"));
  });
});

Deno.test("Proxy: client that closes with nothing to come ends the session as client_closed", async () => {
  await using target = new TestTarget(neverAnswering);
  await withProxy({ targets: [target.address] }, async (proxy) => {
    using client = await proxy.connect();
    await writeAll(client, utf8("x"));
    await target.connections(1);
    client.close();
    assertStrictEquals((await proxy.outcome()).reason, "client_closed");
  });
});
