import { assertEquals, assertStrictEquals } from "@std/assert";
import { concat, utf8 } from "../../helpers/bytes.ts";
import { exchange, randomBytes, readAll, readExactly, sha256, writeAll } from "../../helpers/clients.ts";
import { withProxy } from "../../helpers/proxy/proxy.ts";
import { assertSameBytes } from "../../helpers/same_bytes.ts";
import { seededRandom } from "../../helpers/fakes/seeded_random.ts";
import { echo, TestTarget } from "../../helpers/targets.ts";

const MIB = 1024 * 1024;

/** Both engines: an app with faults takes the stream pipeline, here with one that never acts. */
const ENGINES: readonly { name: string; app: Readonly<Record<string, unknown>> }[] = [
  { name: "pump", app: {} },
  { name: "pump at a pace", app: { bandwidth: { upload: "1GiB/s", download: "1GiB/s" } } },
  { name: "stream pipeline", app: { faults: [{ kind: "slice", size: "1GiB" }] } },
];

for (const { name, app } of ENGINES) {
  Deno.test(`Proxy, ${name}: client that finishes first still gets 1 MiB of reply`, async () => {
    const request = randomBytes(MIB, 1);
    const reply = randomBytes(MIB, 2);
    let received: Uint8Array | undefined;
    await using target = new TestTarget(async (conn) => {
      received = await readAll(conn);
      await writeAll(conn, reply);
      await conn.closeWrite();
    });
    await withProxy({ ...app, targets: [target.address] }, async (proxy) => {
      using client = await proxy.connect();
      assertSameBytes(await exchange(client, request), reply);
      assertSameBytes(received, request);
      const session = await proxy.outcome();
      assertEquals(
        [session.reason, session.up.bytes, session.down.bytes, session.tries],
        ["client_closed", MIB, MIB, 1],
      );
    });
  });

  Deno.test(`Proxy, ${name}: target that finishes first still gets 1 MiB from the client`, async () => {
    const fromTarget = randomBytes(MIB, 3);
    const fromClient = randomBytes(MIB, 4);
    let received: Uint8Array | undefined;
    await using target = new TestTarget(async (conn) => {
      await writeAll(conn, fromTarget);
      await conn.closeWrite();
      received = await readAll(conn);
    });
    await withProxy({ ...app, targets: [target.address] }, async (proxy) => {
      using client = await proxy.connect();
      assertSameBytes(await readAll(client), fromTarget);
      await writeAll(client, fromClient);
      await client.closeWrite();
      const session = await proxy.outcome();
      await target.done(1);
      assertSameBytes(received, fromClient);
      assertEquals(
        [session.reason, session.up.bytes, session.down.bytes],
        ["target_closed", MIB, MIB],
      );
    });
  });

  Deno.test(`Proxy, ${name}: banner reaches a client that has finished at once`, async () => {
    const banner = utf8("220 ready\r\n");
    await using target = new TestTarget(async (conn) => {
      await writeAll(conn, banner);
      await echo(conn);
    });
    await withProxy({ ...app, targets: [target.address] }, async (proxy) => {
      using client = await proxy.connect();
      await client.closeWrite();
      assertEquals(await readAll(client), banner);
      assertEquals((await proxy.outcome()).reason, "client_closed");
    });
  });

  Deno.test(`Proxy, ${name}: 200 sessions at once keep their bytes apart and whole`, async () => {
    await using target = new TestTarget(echo);
    await withProxy({ ...app, targets: [target.address] }, async (proxy) => {
      const random = seededRandom(5);
      const digests = await Promise.all(Array.from({ length: 200 }, async (_, index) => {
        using client = await proxy.connect();
        const request = randomBytes(1 + Math.floor(random() * 100_000), index);
        const [reply] = await Promise.all([readAll(client), writeInPieces(client, request, random)]);
        return [await sha256(reply), await sha256(request)];
      }));
      for (const [got, wanted] of digests) assertStrictEquals(got, wanted);
      const sessions = await proxy.outcomes(200);
      assertEquals(sessions.filter(({ reason }) => reason !== "client_closed"), []);
      assertStrictEquals(proxy.proxy.activeSessions(), 0);
    });
  });
}

Deno.test("Proxy: 200 sessions carry different bytes each way at once", async () => {
  const received = new Map<number, string>();
  await using target = new TestTarget(async (conn) => {
    const seed = new DataView((await readExactly(conn, 4)).buffer).getUint32(0);
    const [request] = await Promise.all([
      readAll(conn),
      writeInPieces(conn, randomBytes(50_000 + seed, seed + 1000), seededRandom(seed)),
    ]);
    received.set(seed, await sha256(request));
  });
  await withProxy({ targets: [target.address] }, async (proxy) => {
    await Promise.all(Array.from({ length: 200 }, async (_, seed) => {
      using client = await proxy.connect();
      const head = new Uint8Array(4);
      new DataView(head.buffer).setUint32(0, seed);
      const request = randomBytes(40_000 + 17 * seed, seed);
      const [reply] = await Promise.all([
        readAll(client),
        writeInPieces(client, concat(head, request), seededRandom(seed)),
      ]);
      assertStrictEquals(await sha256(reply), await sha256(randomBytes(50_000 + seed, seed + 1000)));
    }));
    await target.done(200);
    for (let seed = 0; seed < 200; seed++) {
      assertStrictEquals(received.get(seed), await sha256(randomBytes(40_000 + 17 * seed, seed)));
    }
  });
});

/** Writes pieces of 1 byte to 16 KiB, and FIN. */
async function writeInPieces(conn: Deno.Conn, bytes: Uint8Array, random: () => number): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    const size = 1 + Math.floor(random() ** 3 * 16_384);
    await writeAll(conn, bytes.subarray(at, at + size));
    at += size;
  }
  await conn.closeWrite();
}
