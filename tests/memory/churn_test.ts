import { assert, assertStrictEquals } from "@std/assert";
import type { Transport } from "../../lib/net/mod.ts";
import { utf8 } from "../helpers/bytes.ts";
import { exchange } from "../helpers/clients.ts";
import { hasLinuxSockets, withWatchedLinuxTransport } from "../helpers/connections/linux_transport.ts";
import { memoryInUse } from "../helpers/memory.ts";
import { type TestProxy, withProxy } from "../helpers/proxy/proxy.ts";
import { echo, TestTarget } from "../helpers/targets.ts";

const KIB = 1024;

/** The first connections fill pools and warm the compiler up; memory is looked at after them. */
const WARM_UP = 1000;
const AT_ONCE = 20;

/** What the runtime itself adds, compiled code above all; it does not grow with the connections. */
const ALLOWANCE = 500 * KIB;

interface Case {
  readonly name: string;
  readonly ignore?: boolean;
  readonly total: number;
  readonly app?: Readonly<Record<string, unknown>>;
  with(use: (transport?: Transport) => Promise<void>): Promise<void>;
}

const CASES: readonly Case[] = [
  { name: "pump", total: 10_000, with: (use) => use() },
  { name: "polled relay", ignore: !hasLinuxSockets, total: 3000, with: withWatchedLinuxTransport },
  {
    name: "stream pipeline",
    total: 3000,
    app: { bandwidth: { upload: "1GiB/s", download: "1GiB/s" } },
    with: (use) => use(),
  },
];

for (const { name, ignore, total, app, with: withTransport } of CASES) {
  Deno.test({
    name: `Proxy, ${name}: thousands of short connections in a row leave nothing behind`,
    ...(ignore === undefined ? {} : { ignore }),
    fn: () =>
      withTransport(async (transport) => {
        await using target = new TestTarget(echo);
        await withProxy({ ...app, targets: [target.address] }, async (proxy) => {
          await churn(proxy, WARM_UP);
          const before = memoryInUse();
          await churn(proxy, total - WARM_UP);
          const grown = memoryInUse() - before;
          assertStrictEquals(proxy.proxy.activeSessions(), 0);
          // The sanitizers see sockets, timers and operations; this is for what they do not see.
          assert(grown < ALLOWANCE, `memory in use has grown by ${Math.round(grown / KIB)} KiB`);
        }, transport === undefined ? {} : { transport });
        assertStrictEquals(target.accepted, total);
      }),
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
      // The log keeps every session for the test to look at.
      proxy.log.endedSoFar.length = 0;
    }
  }));
}
