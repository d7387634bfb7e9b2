/** What was read of a connection to find its route, or behind its PROXY header, passes like every other byte. */
import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { concat, utf8 } from "../helpers/bytes.ts";
import { buildHello, extension, serverName } from "../helpers/tls/client_hello.ts";
import { exchange, readAll, readExactly, writeAll } from "../helpers/clients.ts";
import { withProxy } from "../helpers/proxy/proxy.ts";
import { assertSameBytes } from "../helpers/same_bytes.ts";
import { echo, neverReading, type Serve, TestTarget } from "../helpers/targets.ts";

const HELLO = buildHello({ extensions: [extension(21, new Uint8Array(8000)), serverName("a.test")] });

/** The ways in which an app comes to have read something before it dials. */
const LEADS: readonly {
  name: string;
  before: Uint8Array;
  app: (target: string) => Record<string, unknown>;
}[] = [
  {
    name: "ClientHello",
    before: new Uint8Array(),
    app: (target) => ({ routes: [{ sni: ["a.test"], targets: [target] }] }),
  },
  {
    name: "bytes behind a PROXY header",
    before: utf8("PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n"),
    app: (target) => ({ targets: [target], "proxy_protocol": { accept: "required", from: ["127.0.0.0/8"] } }),
  },
];

for (const { name, before, app } of LEADS) {
  Deno.test(`lead, ${name}: a black hole up takes it, and without one it arrives`, async () => {
    for (const hasHole of [true, false]) {
      const heard: Uint8Array[] = [];
      const serve: Serve = async (conn) => {
        await writeAll(conn, utf8("banner"));
        heard.push(await readAll(conn));
      };
      await using target = new TestTarget(serve);
      const faults = hasHole ? [{ kind: "black_hole", direction: "up" }] : [];
      await withProxy({ ...app(target.address), faults }, async (proxy) => {
        using client = await proxy.connect();
        await writeAll(client, concat(before, HELLO));
        // The relay has begun.
        assertEquals(await readExactly(client, 6), utf8("banner"));
        await client.closeWrite();
        if (!hasHole) await target.done(1);
      });
      await target.done(1);
      const [session] = heard;
      assertSameBytes(session ?? new Uint8Array(), hasHole ? new Uint8Array() : HELLO);
    }
  });

  Deno.test(`lead, ${name}: a cut after so many bytes cuts within it`, async () => {
    const heard = Promise.withResolvers<Uint8Array>();
    await using target = new TestTarget(async (conn) => heard.resolve(await readAll(conn)));
    const faults = [{ kind: "close", direction: "up", "after_bytes": "10B" }];
    await withProxy({ ...app(target.address), faults }, async (proxy) => {
      using client = await proxy.connect();
      await writeAll(client, concat(before, HELLO));
      assertSameBytes(await heard.promise, HELLO.subarray(0, 10));
      const session = await proxy.outcome();
      assertEquals([session.reason, session.up.bytes], ["killed", 10]);
    });
  });

  Deno.test(`lead, ${name}: it counts, and waits its turn in the app's bandwidth`, async () => {
    for (const bandwidth of [{ upload: "8KiB/s" }, {}]) {
      await using target = new TestTarget(echo);
      await withProxy({ ...app(target.address), bandwidth }, async (proxy) => {
        using client = await proxy.connect();
        const [reply] = await Promise.all([
          readAll(client),
          writeAll(client, concat(before, HELLO)).then(() => client.closeWrite()),
        ]);
        assertSameBytes(reply, HELLO);
        const session = await proxy.outcome();
        assertEquals([session.up.bytes, session.down.bytes], [HELLO.length, HELLO.length]);
        // 8 KB at 8 KiB/s, of which the bucket has some at the start.
        const lasted = session.endedMs - session.startedMs;
        if ("upload" in bandwidth) assert(lasted > 500, `it took ${lasted} ms`);
      });
    }
  });

  Deno.test(`lead, ${name}: with FIN right behind it, both arrive`, async () => {
    await using target = new TestTarget(echo);
    await withProxy(app(target.address), async (proxy) => {
      using client = await proxy.connect();
      const reply = await exchange(client, concat(before, HELLO));
      assertSameBytes(reply, HELLO);
      assertStrictEquals((await proxy.outcome()).reason, "client_closed");
    });
  });

  Deno.test(`lead, ${name}: a target that then says nothing is idle like any other`, async () => {
    await using target = new TestTarget(neverReading);
    await withProxy({ ...app(target.address), "idle_timeout": "200ms" }, async (proxy) => {
      using client = await proxy.connect();
      await writeAll(client, concat(before, HELLO));
      assertEquals(await readAll(client), new Uint8Array());
      const session = await proxy.outcome();
      assertEquals([session.reason, session.up.bytes], ["idle_timeout", HELLO.length]);
      target.dropConnections();
    });
  });
}
