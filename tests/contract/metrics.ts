import { assert, assertEquals } from "@std/assert";
import { formatAddress } from "../../lib/base/mod.ts";
import { activeOf, type AppCount, type MetricsSnapshot, spreadOf } from "../../lib/metrics/mod.ts";
import { utf8 } from "../helpers/bytes.ts";
import { connectTo, exchange, readToEnd, writeAll } from "../helpers/clients.ts";
import { freePort } from "../helpers/free_ports.ts";
import { type StartPlane, type TestPlane, withPlane } from "../helpers/proxy/plane.ts";
import { configOf } from "../helpers/proxy/proxy.ts";
import { echo, neverAnswering, TestTarget } from "../helpers/targets.ts";
import { until } from "../helpers/until.ts";

const DEAD = "127.0.0.1:1";

/** What a proxy counts, in how many threads it may run. No plane deviates. */
export function testMetricsContract(name: string, start: StartPlane): void {
  Deno.test(`${name}.metrics: counts connections, bytes, dials and times`, async () => {
    await using target = new TestTarget(echo);
    const app = { name: "a", targets: [DEAD, target.address], balance: "first" };
    await withPlane(start, { apps: [app] }, async (plane) => {
      for (let round = 0; round < 4; round++) {
        using client = await plane.connect();
        assertEquals(await exchange(client, utf8("hello")), utf8("hello"));
        await plane.log.ended(1);
      }
      const count = await countOf(plane, "a");
      assertEquals([count.accepted, count.ended, activeOf(count)], [4, { client_closed: 4 }, 0]);
      assertEquals([count.bytesUp, count.bytesDown], [20, 20]);
      assertEquals(
        [count.dial, count.session, count.firstByte, count.queue].map((each) => spreadOf(each)?.count),
        [4, 4, 4, undefined],
      );
      const [dead, good] = [count.targets.get(DEAD), count.targets.get(target.address)];
      assertEquals(dead?.dials, { connected: 0, refused: 4, timeout: 0, error: 0 });
      assertEquals([dead?.connections, dead?.bytesUp, dead?.dial], [0, 0, undefined]);
      assertEquals(good?.dials, { connected: 4, refused: 0, timeout: 0, error: 0 });
      assertEquals([good?.connections, good?.active, good?.bytesUp, good?.bytesDown], [4, 0, 20, 20]);
      assertEquals(good?.dial && spreadOf(good.dial)?.count, 4);
    });
  });

  Deno.test(`${name}.metrics: a connection that lasts shows its bytes, and where it is`, async () => {
    await using target = new TestTarget(echo);
    await withPlane(start, { apps: [{ name: "a", targets: [target.address] }] }, async (plane) => {
      using client = await plane.connect();
      await writeAll(client, utf8("0123456789"));
      await client.read(new Uint8Array(10));
      // The echo may have come back before the proxy has counted it.
      await until(async () => (await countOf(plane, "a")).bytesDown === 10);
      const count = await countOf(plane, "a");
      assertEquals([count.accepted, count.ended, activeOf(count), count.bytesUp], [1, {}, 1, 10]);
      const to = count.targets.get(target.address);
      assertEquals([to?.connections, to?.active, to?.bytesUp, to?.bytesDown], [1, 1, 10, 10]);
      const before = spreadOf(count.session);
      client.close();
      const [ended] = await plane.log.ended(1);
      const after = await countOf(plane, "a");
      assertEquals([before, spreadOf(after.session)?.count], [undefined, 1]);
      assertEquals([after.ended, activeOf(after)], [{ [ended?.reason ?? ""]: 1 }, 0]);
      assertEquals([after.bytesUp, after.targets.get(target.address)?.bytesUp], [10, 10]);
      assertEquals(after.targets.get(target.address)?.active, 0);
    });
  });

  Deno.test(`${name}.metrics: refusals and failures have their reasons`, async () => {
    const apps = [
      { name: "denied", targets: [DEAD], deny: ["127.0.0.0/8"] },
      { name: "limited", targets: [DEAD], "accept_rate_per_client": "1/h" },
      { name: "dead", targets: [DEAD] },
    ];
    await withPlane(start, { apps }, async (plane) => {
      for (const { address } of plane.control.listeners()) {
        for (let round = 0; round < 3; round++) {
          if (address.kind !== "tcp") throw new Error(formatAddress(address));
          using client = await connectTo(address.port, address.host);
          await readToEnd(client).catch(() => {});
        }
      }
      await plane.log.ended(9);
      const { counters: { apps } } = await plane.control.metrics();
      assertEquals(apps.get("denied")?.ended, { denied: 3 });
      assertEquals(apps.get("limited")?.ended, { no_target: 1, rate_limit: 2 });
      assertEquals(apps.get("dead")?.ended, { no_target: 3 });
    });
  });

  Deno.test(`${name}.metrics: the wait for a place at a target is timed`, async () => {
    await using target = new TestTarget(neverAnswering);
    const app = {
      name: "a",
      targets: [{ address: target.address, "max_connections": 1 }],
      "queue_timeout": "20ms",
    };
    await withPlane(start, { apps: [app] }, async (plane) => {
      using first = await plane.connect();
      await target.connections(1);
      using second = await plane.connect();
      await readToEnd(second);
      assertEquals((await plane.log.ended(1))[0]?.reason, "limit");
      const count = await countOf(plane, "a");
      assertEquals([count.ended, spreadOf(count.queue)?.count], [{ limit: 1 }, 1]);
      assert((spreadOf(count.queue)?.mean ?? 0) > 0);
      first.close();
    });
  });

  Deno.test(`${name}.metrics: checks and ejections of targets are counted`, async () => {
    await using good = new TestTarget(echo);
    const dead = `127.0.0.1:${freePort()}`;
    const apps = [
      {
        name: "checked",
        targets: [good.address, dead],
        "health_check": { interval: "5s", timeout: "5s", fall: 1 },
      },
      {
        name: "judged",
        targets: [dead, good.address],
        balance: "first",
        "passive_health": { failures: 1, "eject_for": "1h" },
      },
    ];
    await withPlane(start, { apps }, async (plane) => {
      const judged = plane.control.listeners()[1]?.address;
      using client = await connectTo(judged?.kind === "tcp" ? judged.port : 0, "127.0.0.2");
      await exchange(client, utf8("x"));
      await until(async () => {
        const { counters: { apps } } = await plane.control.metrics();
        const checked = apps.get("checked")?.targets;
        return (checked?.get(good.address)?.checks.succeeded ?? 0) >= 1 &&
          (checked?.get(dead)?.checks.failed ?? 0) >= 1 &&
          apps.get("judged")?.targets.get(dead)?.ejections === 1;
      });
      const metrics = await plane.control.metrics();
      assertEquals(metrics.counters.apps.get("checked")?.targets.get(dead)?.checks.succeeded, 0);
      const states = metrics.apps.flatMap(({ targets }) => targets.map(({ health }) => health));
      assertEquals(states, ["up", "down", "ejected", "up"]);
    });
  });

  Deno.test(`${name}.metrics: counts survive a reload; what goes with it goes`, async () => {
    await using first = new TestTarget(echo);
    await using second = new TestTarget(echo);
    const app = { name: "a", listen: [`127.0.0.1:${freePort()}`] };
    const gone = { name: "gone", listen: [`127.0.0.2:${freePort()}`], targets: [first.address] };
    await withPlane(start, { apps: [{ ...app, targets: [first.address] }, gone] }, async (plane) => {
      using open = await plane.connect();
      await exchangeSome(open, 3);
      using other = await plane.connect();
      await exchangeSome(other, 5);
      other.close();
      await plane.log.ended(1);
      const next = configOf({ apps: [{ ...app, targets: [second.address] }] });
      assertEquals((await plane.control.reload(next)).kind, "done");
      using after = await plane.connect();
      await exchangeSome(after, 7);
      after.close();
      await plane.log.ended(1);
      await exchangeSome(open, 11);
      await until(async () => (await countOf(plane, "a")).bytesDown === 26);
      const count = await countOf(plane, "a");
      assertEquals([count.accepted, activeOf(count), count.bytesUp], [3, 1, 26]);
      const targets = [first, second].map(({ address }) => count.targets.get(address));
      assertEquals(targets.map((each) => [each?.connections, each?.active, each?.bytesUp]), [
        [2, 1, 19],
        [1, 0, 7],
      ]);
      assertEquals([...(await plane.control.metrics()).counters.apps.keys()], ["a"]);
      open.close();
      await plane.log.ended(1);
      const last = await countOf(plane, "a");
      assertEquals([last.accepted, activeOf(last), last.bytesUp], [3, 0, 26]);
    });
  });

  Deno.test(`${name}.metrics: under traffic and reloads, accepted is ended and active`, async () => {
    await using target = new TestTarget(echo);
    const app = { name: "a", listen: [`127.0.0.1:${freePort()}`], targets: [target.address] };
    const clients = 60;
    await withPlane(start, { apps: [app] }, async (plane) => {
      const seen: MetricsSnapshot[] = [];
      let isDone = false;
      const look = async (): Promise<void> => {
        while (!isDone) {
          seen.push(await plane.control.metrics());
          await new Promise((resolve) => setTimeout(resolve, 1));
        }
      };
      const looking = look();
      const traffic = async (): Promise<void> => {
        for (let round = 0; round < clients / 4; round++) {
          using client = await plane.connect();
          await exchange(client, utf8("x"));
        }
      };
      const reloads = async (): Promise<void> => {
        for (const timeout of ["1s", "2s"]) {
          const next = configOf({ apps: [{ ...app, "connect_timeout": timeout }] });
          assertEquals((await plane.control.reload(next)).kind, "done");
        }
      };
      await Promise.all([traffic(), traffic(), traffic(), traffic(), reloads()]);
      await plane.log.ended(clients);
      isDone = true;
      await looking;
      const last = await countOf(plane, "a");
      assertEquals([last.accepted, activeOf(last), last.bytesUp, last.bytesDown], [
        clients,
        0,
        clients,
        clients,
      ]);
      const accepted = seen.map(({ counters }) => counters.apps.get("a")?.accepted ?? 0);
      const bytes = seen.map(({ counters }) => counters.apps.get("a")?.bytesUp ?? 0);
      assertEquals(accepted, accepted.toSorted((a, b) => a - b));
      assertEquals(bytes, bytes.toSorted((a, b) => a - b));
    });
  });
}

async function countOf({ control }: TestPlane, app: string): Promise<AppCount> {
  const count = (await control.metrics()).counters.apps.get(app);
  if (count === undefined) throw new Error(`nothing is counted of app "${app}"`);
  return count;
}

/** Sends so many bytes, and reads them back; the connection stays open. */
async function exchangeSome(client: Deno.Conn, bytes: number): Promise<void> {
  await writeAll(client, new Uint8Array(bytes));
  const buffer = new Uint8Array(bytes);
  for (let read = 0; read < bytes;) read += await client.read(buffer.subarray(read)) ?? bytes;
}
