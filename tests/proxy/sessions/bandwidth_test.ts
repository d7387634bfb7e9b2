import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import {
  exchange,
  randomBytes,
  readAll,
  readExactly,
  resettingClient,
  writeAll,
} from "../../helpers/clients.ts";
import { withProxy } from "../../helpers/proxy/proxy.ts";
import { assertSameBytes } from "../../helpers/same_bytes.ts";
import { echo, sending, TestTarget } from "../../helpers/targets.ts";

for (const side of ["upload", "download"] as const) {
  Deno.test(`Proxy: bandwidth limits ${side} to its rate, and every byte arrives`, async () => {
    await using target = new TestTarget(echo);
    await withProxy({ targets: [target.address], bandwidth: { [side]: "1MiB/s" } }, async (proxy) => {
      using client = await proxy.connect();
      const request = randomBytes(400 * 1024);
      assertSameBytes(await exchange(client, request), request);
      const session = await proxy.outcome();
      assertEquals(
        [session.reason, session.up.bytes, session.down.bytes],
        ["client_closed", request.length, request.length],
      );
      // A tenth of a second's worth passes at once, the rest at 1 MiB/s: 0.29 s.
      const lasted = session.endedMs - session.startedMs;
      assert(lasted >= 285, `400 KiB at 1 MiB/s took ${lasted} ms`);
    });
  });
}

/** So slow that 16 KiB take minutes; what does not end by itself ends with another reason than the expected one. */
const CRAWL = { bandwidth: { download: "100B/s" }, "max_lifetime": "8s" };

Deno.test("Proxy: bandwidth is each connection's own", async () => {
  await using target = new TestTarget(sending(randomBytes(10)));
  await withProxy({ ...CRAWL, targets: [target.address] }, async (proxy) => {
    // Each may send 10 bytes at once; from one budget ten times as many would take a second.
    for (let count = 0; count < 10; count++) {
      using client = await proxy.connect();
      await client.closeWrite();
      assertStrictEquals((await readAll(client)).length, 10);
      assertStrictEquals((await proxy.outcome()).reason, "client_closed");
    }
  });
});

Deno.test("Proxy: a session that waits for its budget ends when its client resets", async () => {
  await using target = new WaitedFor();
  await withProxy({ ...CRAWL, targets: [target.address] }, async (proxy) => {
    const client = await resettingClient(proxy.port);
    await target.waits((bytes) => client.write(bytes));
    await client.reset();
    const session = await proxy.outcome();
    assertStrictEquals(session.reason, "client_reset");
    assertWaited(session.down.bytes);
    await target.done(1);
  });
});

Deno.test("Proxy: a session that waits for its budget ends when the proxy stops", async () => {
  await using target = new WaitedFor();
  await withProxy({ ...CRAWL, targets: [target.address] }, async (proxy) => {
    using client = await proxy.connect();
    await target.waits((bytes) => writeAll(client, bytes));
    await proxy.proxy.stop();
    const session = await proxy.outcome();
    assertStrictEquals(session.reason, "drained");
    assertWaited(session.down.bytes);
    assertStrictEquals((await readAll(client)).length, session.down.bytes);
  });
});

/** No more has passed than may in the lifetime of the session. */
function assertWaited(bytes: number): void {
  assert(bytes <= 10 + 800, `${bytes} bytes passed`);
}

/** A target that sends 16 KiB at once, and knows when the proxy must have read them. */
class WaitedFor extends TestTarget {
  readonly #heard: (() => void)[];

  constructor() {
    const heard: (() => void)[] = [];
    super(async (conn) => {
      await writeAll(conn, randomBytes(16 * 1024));
      const buffer = new Uint8Array(1);
      while (await conn.read(buffer) !== null) heard.shift()?.();
    });
    this.#heard = heard;
  }

  /** Sends a byte at a time through the proxy: what the target sent before the first came is read before the last. */
  async waits(send: (bytes: Uint8Array) => Promise<void>): Promise<void> {
    for (let round = 0; round < 5; round++) {
      const heard = new Promise<void>((resolve) => this.#heard.push(resolve));
      await send(new Uint8Array(1));
      await heard;
    }
  }
}

Deno.test("Proxy: without bandwidth nothing waits", async () => {
  await using target = new TestTarget(sending(randomBytes(4 * 1024 * 1024)));
  await withProxy({ targets: [target.address] }, async (proxy) => {
    using client = await proxy.connect();
    await readExactly(client, 4 * 1024 * 1024);
    await client.closeWrite();
    assertStrictEquals((await proxy.outcome()).down.bytes, 4 * 1024 * 1024);
  });
});
