import { assert, assertStrictEquals } from "@std/assert";
import { utf8 } from "../helpers/bytes.ts";
import { exchange } from "../helpers/clients.ts";
import { type TestProxy, withProxy } from "../helpers/proxy/proxy.ts";
import { echo, TestTarget } from "../helpers/targets.ts";

const MIB = 1024 * 1024;

/** The first connections fill pools and warm the compiler up; memory is looked at after them. */
const WARM_UP = 1000;
const AT_ONCE = 20;

for (
  const { name, total, app } of [
    { name: "pump", total: 10_000, app: {} },
    { name: "stream pipeline", total: 3000, app: { bandwidth: { upload: "1GiB/s", download: "1GiB/s" } } },
  ]
) {
  Deno.test(`Proxy, ${name}: thousands of short connections in a row leave nothing behind`, async () => {
    await using target = new TestTarget(echo);
    await withProxy({ ...app, targets: [target.address] }, async (proxy) => {
      await churn(proxy, WARM_UP);
      const before = Deno.memoryUsage().rss;
      await churn(proxy, total - WARM_UP);
      const grown = Deno.memoryUsage().rss - before;
      assertStrictEquals(proxy.proxy.activeSessions(), 0);
      // The sanitizers see sockets, timers and operations; this is for what they do not see.
      assert(grown < 100 * MIB, `memory has grown by ${Math.round(grown / MIB)} MiB`);
    });
    assertStrictEquals(target.accepted, total);
  });
}

/** Opens so many connections, each with a request and its reply. */
async function churn(proxy: TestProxy, total: number): Promise<void> {
  const request = utf8("hello");
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    for (let count = 0; count < total / AT_ONCE; count++) {
      using client = await proxy.connect();
      assertStrictEquals((await exchange(client, request)).length, request.length);
      const session = await proxy.outcome();
      assertStrictEquals(session.reason, "client_closed");
    }
  }));
}
