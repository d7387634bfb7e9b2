import { assert, assertStrictEquals } from "@std/assert";
import { randomBytes, readExactly, writeAll } from "../helpers/clients.ts";
import { residentMemory } from "../helpers/memory.ts";
import { withProxy } from "../helpers/proxy/proxy.ts";
import { echo, neverReading, TestTarget } from "../helpers/targets.ts";

const MIB = 1024 * 1024;

/**
 * What may be on its way between a sender and a receiver that does not read: both sides' socket buffers, at the kernel's
 * maxima (tcp_rmem 6 MiB, tcp_wmem 4 MiB by default), and one buffer of the proxy.
 */
const MAX_IN_FLIGHT = 24 * MIB;

const ENGINES: readonly { name: string; app: Readonly<Record<string, unknown>> }[] = [
  { name: "pump", app: {} },
  { name: "stream pipeline", app: { bandwidth: { upload: "1GiB/s", download: "1GiB/s" } } },
];

for (const { name, app } of ENGINES) {
  Deno.test(`Proxy, ${name}: client that never reads stops a target that sends 100 MB, and memory stays`, async () => {
    const sent = new Tally();
    await using target = new TestTarget((conn) => writeUntilRefused(conn, 100_000_000, sent));
    await withProxy({ ...app, targets: [target.address] }, async (proxy) => {
      const before = residentMemory();
      using client = await proxy.connect();
      await sent.stalled();
      const grown = residentMemory() - before;
      assert(sent.bytes < MAX_IN_FLIGHT, `the target could send ${sent.bytes} bytes`);
      assert(grown < 64 * MIB, `memory has grown by ${grown} bytes`);
      client.close();
      await proxy.outcome();
      await target.done(1);
    });
  });

  Deno.test(`Proxy, ${name}: target that accepts and never reads stops a client that sends 100 MB`, async () => {
    const sent = new Tally();
    await using target = new TestTarget(neverReading);
    await withProxy({ ...app, targets: [target.address] }, async (proxy) => {
      const before = residentMemory();
      const client = await proxy.connect();
      const writing = writeUntilRefused(client, 100_000_000, sent);
      await sent.stalled();
      const grown = residentMemory() - before;
      assert(sent.bytes < MAX_IN_FLIGHT, `the client could send ${sent.bytes} bytes`);
      assert(grown < 64 * MIB, `memory has grown by ${grown} bytes`);
      client.close();
      await writing;
      target.dropConnections();
      await proxy.outcome();
    });
  });

  Deno.test(`Proxy, ${name}: slow reader that goes on gets every byte`, async () => {
    const sent = new Tally();
    await using target = new TestTarget((conn) => writeUntilRefused(conn, 40_000_000, sent));
    await withProxy({ ...app, targets: [target.address] }, async (proxy) => {
      using client = await proxy.connect();
      await sent.stalled();
      await readExactly(client, 40_000_000);
      assertStrictEquals(await client.read(new Uint8Array(1)), null);
    });
  });

  Deno.test(`Proxy, ${name}: a session that is stuck slows no other`, async () => {
    const sent = new Tally();
    let first = true;
    await using target = new TestTarget((conn) => {
      if (!first) return echo(conn);
      first = false;
      return writeUntilRefused(conn, 100_000_000, sent);
    });
    await withProxy({ ...app, targets: [target.address] }, async (proxy) => {
      using stuck = await proxy.connect();
      await sent.stalled();
      using client = await proxy.connect();
      const request = randomBytes(10_000);
      await writeAll(client, request);
      assertStrictEquals((await readExactly(client, 10_000)).length, 10_000);
      stuck.close();
    });
  });
}

/** Bytes that a sender has got rid of. */
class Tally {
  bytes = 0;

  /** Resolves when there have been some, and then none for a while. */
  async stalled(): Promise<void> {
    let before = -1;
    for (let quiet = 0; quiet < 6;) {
      await new Promise((resolve) => setTimeout(resolve, 25));
      quiet = this.bytes === before && before > 0 ? quiet + 1 : 0;
      before = this.bytes;
    }
  }
}

/** Writes so many bytes and FIN, unless the peer goes away. */
async function writeUntilRefused(conn: Deno.Conn, total: number, tally: Tally): Promise<void> {
  const piece = randomBytes(65536);
  try {
    while (tally.bytes < total) {
      tally.bytes += await conn.write(piece.subarray(0, Math.min(piece.length, total - tally.bytes)));
    }
    await conn.closeWrite();
  } catch (error) {
    if (
      !(error instanceof Deno.errors.Interrupted || error instanceof Deno.errors.ConnectionReset ||
        error instanceof Deno.errors.BrokenPipe || error instanceof Deno.errors.BadResource)
    ) throw error;
  }
}
