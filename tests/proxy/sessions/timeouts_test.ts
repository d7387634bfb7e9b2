import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import type { Session } from "../../../lib/session/mod.ts";
import { utf8 } from "../../helpers/bytes.ts";
import { exchange, readAll, readExactly, writeAll } from "../../helpers/clients.ts";
import { withProxy } from "../../helpers/proxy/proxy.ts";
import { blackHole, echo, neverAnswering, neverReading, TestTarget } from "../../helpers/targets.ts";

const ENGINES: readonly { name: string; app: Readonly<Record<string, unknown>> }[] = [
  { name: "pump", app: {} },
  { name: "stream pipeline", app: { bandwidth: { upload: "1GiB/s", download: "1GiB/s" } } },
];

for (const { name, app } of ENGINES) {
  Deno.test(`Proxy, ${name}: idle_timeout ends a session without a byte, and not early`, async () => {
    await using target = new TestTarget(neverAnswering);
    await withProxy({ ...app, targets: [target.address], idle_timeout: "200ms" }, async (proxy) => {
      using client = await proxy.connect();
      assertEquals(await readAll(client), new Uint8Array());
      const session = await proxy.outcome();
      assertStrictEquals(session.reason, "idle_timeout");
      assertLasted(session, 200);
      await target.done(1);
    });
  });

  for (const direction of ["up", "down"] as const) {
    Deno.test(`Proxy, ${name}: bytes that go ${direction} alone keep a session from being idle`, async () => {
      const pieces = 12;
      await using target = new TestTarget(async (conn) => {
        if (direction === "down") await trickle(conn, pieces);
        await neverAnswering(conn);
      });
      await withProxy({ ...app, targets: [target.address], idle_timeout: "300ms" }, async (proxy) => {
        using client = await proxy.connect();
        const done = direction === "up" ? trickle(client, pieces) : readExactly(client, pieces);
        await done;
        const session = await proxy.outcome();
        // It lasted longer than the limit, every byte passed, and only then it was idle.
        assertEquals([session.reason, session[direction].bytes], ["idle_timeout", pieces]);
        assertLasted(session, 300 + (pieces - 1) * 39);
      });
    });
  }

  Deno.test(`Proxy, ${name}: half_close_timeout ends a session whose other side says nothing more`, async () => {
    await using target = new TestTarget(neverReading);
    await withProxy({ ...app, targets: [target.address], half_close_timeout: "200ms" }, async (proxy) => {
      using client = await proxy.connect();
      await writeAll(client, utf8("request"));
      await client.closeWrite();
      assertEquals(await readAll(client), new Uint8Array());
      const session = await proxy.outcome();
      assertEquals([session.reason, session.up.finished, session.down.finished], [
        "half_close_timeout",
        true,
        false,
      ]);
      assertLasted(session, 200);
      target.dropConnections();
    });
  });

  Deno.test(`Proxy, ${name}: half_close_timeout does not end a reply that goes on`, async () => {
    await using target = new TestTarget(async (conn) => {
      await readAll(conn);
      await trickle(conn, 12);
    });
    await withProxy({ ...app, targets: [target.address], half_close_timeout: "300ms" }, async (proxy) => {
      using client = await proxy.connect();
      assertStrictEquals((await exchange(client, utf8("request"))).length, 12);
      assertStrictEquals((await proxy.outcome()).reason, "client_closed");
    });
  });

  Deno.test(`Proxy, ${name}: half_close_timeout does not concern a session that is open both ways`, async () => {
    await using target = new TestTarget(echo);
    const limits = { "half_close_timeout": "100ms", "idle_timeout": "400ms" };
    await withProxy({ ...app, targets: [target.address], ...limits }, async (proxy) => {
      using client = await proxy.connect();
      await writeAll(client, utf8("x"));
      assertEquals(await readAll(client), utf8("x"));
      const session = await proxy.outcome();
      assertStrictEquals(session.reason, "idle_timeout");
      assertLasted(session, 400);
    });
  });

  Deno.test(`Proxy, ${name}: max_lifetime ends a busy session, at most a tenth early`, async () => {
    await using target = new TestTarget(echo);
    await withProxy({ ...app, targets: [target.address], max_lifetime: "300ms" }, async (proxy) => {
      using client = await proxy.connect();
      await Promise.allSettled([trickle(client, 1000), readAll(client)]);
      const session = await proxy.outcome();
      assertStrictEquals(session.reason, "max_lifetime");
      assertLasted(session, 270);
      assert(session.up.bytes > 0, "the session carried no byte");
    });
  });

  Deno.test(`Proxy, ${name}: without limits a session stays`, async () => {
    await using target = new TestTarget(echo);
    const off = { "idle_timeout": "off", "half_close_timeout": "off", "max_lifetime": "off" };
    await withProxy({ ...app, ...off, targets: [target.address] }, async (proxy) => {
      using client = await proxy.connect();
      await trickle(client, 3);
      assertEquals(await readExactly(client, 3), utf8("..."));
      assertStrictEquals(proxy.proxy.activeSessions(), 1);
    });
  });
}

Deno.test("Proxy: a slow reader is not idle while it reads, and is when it stops", async () => {
  const piece = 1024 * 1024;
  await using target = new TestTarget(async (conn) => {
    for (;;) await writeAll(conn, new Uint8Array(piece));
  });
  await withProxy({ targets: [target.address], idle_timeout: "600ms" }, async (proxy) => {
    using client = await proxy.connect();
    const rounds = 24;
    for (let round = 0; round < rounds; round++) {
      await readExactly(client, piece);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    const session = await proxy.outcome();
    assertStrictEquals(session.reason, "idle_timeout");
    assert(session.down.bytes >= rounds * piece, `${session.down.bytes} bytes passed`);
    assertLasted(session, rounds * 49);
  });
});

Deno.test("Proxy: max_lifetime ends the dialing too", async () => {
  using hole = await blackHole();
  await withProxy({ targets: [hole.address], max_lifetime: "200ms" }, async (proxy) => {
    using client = await proxy.connect();
    assertEquals(await readAll(client), new Uint8Array());
    const session = await proxy.outcome();
    assertEquals([session.reason, session.target], ["max_lifetime", undefined]);
    assertLasted(session, 180);
  });
});

Deno.test("Proxy: idle_timeout does not concern the dialing", async () => {
  using hole = await blackHole();
  const limits = { "idle_timeout": "100ms", "connect_timeout": "400ms" };
  await withProxy({ targets: [hole.address], ...limits }, async (proxy) => {
    using client = await proxy.connect();
    assertEquals(await readAll(client), new Uint8Array());
    assertStrictEquals((await proxy.outcome()).reason, "no_target");
  });
});

Deno.test("Proxy: time spent dialing is not idle time of the session", async () => {
  using hole = await blackHole();
  await using target = new TestTarget(echo);
  const app = {
    targets: [hole.address, target.address],
    "connect_timeout": "400ms",
    "idle_timeout": "300ms",
  };
  await withProxy(app, async (proxy) => {
    using client = await proxy.connect();
    assertEquals(await readAll(client), new Uint8Array());
    const session = await proxy.outcome();
    assertStrictEquals(session.reason, "idle_timeout");
    assertLasted(session, 399 + 300);
  }, { random: () => 0 });
});

/** Sends a byte every 40 ms. */
async function trickle(conn: Deno.Conn, pieces: number): Promise<void> {
  for (let piece = 0; piece < pieces; piece++) {
    await writeAll(conn, utf8("."));
    await new Promise((resolve) => setTimeout(resolve, 40));
  }
}

/** Fails when the session was ended before its limit, by its own record. */
function assertLasted(session: Session, atLeastMs: number): void {
  const lasted = session.endedMs - session.startedMs;
  assert(lasted >= atLeastMs, `the session lasted ${lasted} ms; expected at least ${atLeastMs} ms`);
}
