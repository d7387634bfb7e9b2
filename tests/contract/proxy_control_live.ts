import { assertEquals, assertStringIncludes } from "@std/assert";
import { formatAddress } from "../../lib/base/mod.ts";
import type { TargetSnapshot } from "../../lib/app/mod.ts";
import type { CountersSnapshot } from "../../lib/metrics/mod.ts";
import type { ConnectionQuestion, ExplainedConnection } from "../../lib/proxy/mod.ts";
import { utf8 } from "../helpers/bytes.ts";
import { readToEnd, writeAll } from "../helpers/clients.ts";
import { Dnsmasq } from "../helpers/servers/dnsmasq.ts";
import { answeredBy, Fleet } from "../helpers/proxy/fleet.ts";
import { type StartPlane, type TestPlane, withPlane } from "../helpers/proxy/plane.ts";
import { echo, neverAnswering, TestTarget } from "../helpers/targets.ts";
import { missingTools } from "../helpers/programs/tools.ts";

const GONE = "127.0.0.1:1";

/** What a proxy says of itself while it runs, in how many threads it may. */
export function testLiveContract(name: string, start: StartPlane): void {
  Deno.test(`${name}: status says what is bound and what each target is, in the order of the config`, async () => {
    await using target = new TestTarget(echo);
    const apps = [
      { name: "a", targets: [{ address: target.address, weight: 3 }, { address: GONE, backup: true }] },
      { name: "b", routes: [{ sni: ["x.example"], targets: [GONE] }], balance: "first" },
    ];
    await withPlane(start, { apps }, (plane) => {
      const { sessions, isEnding, apps: [a, b] } = plane.control.status();
      assertEquals([sessions, isEnding], [0, false]);
      assertEquals([a?.name, a?.balance, b?.name, b?.balance], ["a", "random", "b", "first"]);
      assertEquals(
        [...a?.listeners ?? [], ...b?.listeners ?? []],
        plane.control.listeners().map((one) => one.address),
      );
      assertEquals(
        a?.own.targets.map(({ label, health, weight, currentWeight, tier }) => {
          return { label, health, weight, currentWeight, tier };
        }),
        [
          { label: target.address, health: "up", weight: 3, currentWeight: 3, tier: 0 },
          { label: GONE, health: "up", weight: 1, currentWeight: 1, tier: 1 },
        ],
      );
      assertEquals([a?.routes, b?.own.targets], [[], []]);
      assertEquals(b?.routes.map(({ name, pool }) => [name, pool.targets.map(({ label }) => label)]), [
        ["routes[0] (sni x.example)", [GONE]],
      ]);
      return Promise.resolve();
    });
  });

  Deno.test(`${name}: status counts sessions, and the connections of a limited target`, async () => {
    await using target = new TestTarget(neverAnswering);
    const targets = [{ address: target.address, "max_connections": 9 }];
    await withPlane(start, { apps: [{ targets, "max_connections": 8 }] }, async (plane) => {
      const clients = await Promise.all(Array.from({ length: 4 }, () => plane.connect()));
      await target.connections(4);
      await plane.underWay(4);
      const { sessions, apps: [app] } = plane.control.status();
      assertEquals([sessions, app?.sessions, app?.maxConnections], [4, 4, 8]);
      assertEquals(
        app?.own.targets.map(({ active, maxConnections, isFull }) => [active, maxConnections, isFull]),
        [
          [4, 9, false],
        ],
      );
      for (const client of clients) client.close();
      await plane.log.ended(4);
      assertEquals(plane.control.status().apps[0]?.own.targets[0]?.active, 0);
    });
  });

  for (const balance of ["source_hash", "first"]) {
    Deno.test(`${name}: with ${balance}, the target that is explained first is the one that answers`, async () => {
      await using fleet = new Fleet(3);
      const app = {
        targets: fleet.addresses,
        balance,
        "proxy_protocol": { accept: "required", from: ["127.0.0.0/8"] },
      };
      await withPlane(start, { apps: [app] }, async (plane) => {
        for (let last = 1; last <= 16; last++) {
          const client = `192.0.2.${last}`;
          const { targets } = explained(plane, { client });
          using conn = await plane.connect();
          await writeAll(conn, utf8(`PROXY TCP4 ${client} 192.0.2.250 1 2\r\n`));
          assertEquals(targets[0]?.address, fleet.addresses[await answeredBy(conn)]);
          assertEquals(targets.length, 3);
        }
      });
    });
  }

  Deno.test(`${name}: a target that was ejected is explained as passed over`, async () => {
    await using target = new TestTarget(echo);
    const app = {
      targets: [GONE, target.address],
      balance: "first",
      "passive_health": { failures: 1, window: "1m", "eject_for": "1h", "max_ejected": "50%" },
    };
    await withPlane(start, { apps: [app] }, async (plane) => {
      assertEquals(tried(plane), [GONE, target.address]);
      using client = await plane.connect();
      await target.connections(1);
      await plane.log.when(() => plane.log.targetChanges.length > 0);
      assertEquals(healths(plane), ["ejected", "up"]);
      const { targets, skipped } = explained(plane);
      assertEquals(targets.map(({ address }) => address), [target.address]);
      assertStringIncludes(targets[0]?.why ?? "", "the only one left");
      assertEquals(skipped.map(({ address }) => address), [GONE]);
      assertStringIncludes(skipped[0]?.why ?? "", "ejected for a while, as its connections failed");
      await client.closeWrite();
      await readToEnd(client);
    });
  });

  Deno.test(`${name}: targets that are down are passed over, and tried when all are`, async () => {
    const first = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const second = Deno.listen({ hostname: "127.0.0.2", port: 0 });
    const [one, two] = [first, second].map(({ addr }) => `${addr.hostname}:${addr.port}`);
    // One answer that is late on a busy machine is not three in a row.
    const check = { interval: "50ms", timeout: "50ms", rise: 1, fall: 3 };
    const app = { targets: [one, two], balance: "first", "health_check": check };
    await withPlane(start, { apps: [app] }, async (plane) => {
      assertEquals(tried(plane), [one, two]);
      second.close();
      await plane.log.when(() => plane.log.targetChanges.length >= 1);
      assertEquals(healths(plane), ["up", "down"]);
      const some = explained(plane);
      assertEquals([some.targets, some.skipped].map((list) => list.map(({ address }) => address)), [
        [one],
        [two],
      ]);
      assertStringIncludes(some.skipped[0]?.why ?? "", "down, as its checks say");
      first.close();
      await plane.log.when(() => plane.log.targetChanges.length >= 2);
      assertEquals(healths(plane), ["down", "down"]);
      const none = explained(plane);
      assertEquals(none.targets.map(({ address }) => address), [one, two]);
      assertStringIncludes(none.targets[0]?.why ?? "", "down, and tried as no target is usable");
      assertEquals([none.skipped, none.refusal], [[], undefined]);
      assertStringIncludes(none.notes.join("\n"), "no target is usable, so all are tried");
    });
  });

  Deno.test(`${name}: a target that is full is passed over, and waited for where it is the only one`, async () => {
    await using target = new TestTarget(neverAnswering);
    const limited = { address: target.address, "max_connections": 1 };
    const apps = [
      { targets: [limited, GONE], balance: "first" },
      { targets: [limited], "queue_timeout": "7s" },
      { targets: [limited], "queue_timeout": "0s" },
    ];
    await withPlane(start, { apps }, async (plane) => {
      const ports = plane.control.listeners().flatMap(({ address }) =>
        address.kind === "tcp" ? [address.port] : []
      );
      const clients = await Promise.all(
        ports.map((port, index) => Deno.connect({ port, hostname: `127.0.0.${index + 1}` })),
      );
      await target.connections(3);
      const [other, waiting, refused] = ports.map((port) => explained(plane, { to: { kind: "port", port } }));
      assertEquals(other?.targets.map(({ address }) => address), [GONE]);
      assertEquals(other?.skipped, [
        { address: target.address, backup: false, why: "full; 1 of at most 1 connections" },
      ]);
      assertEquals([waiting?.targets, waiting?.refusal], [[], undefined]);
      assertStringIncludes(
        waiting?.notes.join("\n") ?? "",
        'it waits for one, and is closed with "limit" after 7s',
      );
      assertEquals([refused?.targets, refused?.refusal?.reason], [[], "limit"]);
      for (const client of clients) client.close();
      await plane.log.ended(3);
    });
  });

  Deno.test(`${name}: an app that has as many connections as it may is explained to wait`, async () => {
    await using target = new TestTarget(neverAnswering);
    await withPlane(start, { apps: [{ targets: [target.address], "max_connections": 1 }] }, async (plane) => {
      const wait = "it waits in the backlog for one to end";
      assertEquals(explained(plane).notes.join("\n").includes(wait), false);
      using _client = await plane.connect();
      await target.connections(1);
      assertStringIncludes(explained(plane).notes.join("\n"), wait);
    });
  });

  Deno.test({
    name: `${name}: discovered targets are explained by their addresses, and a name without any is reported`,
    ignore: missingTools("dnsmasq").length > 0,
    fn: async () => {
      await using dns = await Dnsmasq.start({ hosts: { "db.test": ["127.0.0.11", "127.0.0.12"] } });
      const discover = "dns";
      const app = {
        targets: [{ address: "db.test:7", discover }, { address: "none.test:7", discover, backup: true }],
        balance: "first",
        dns: { nameserver: formatAddress(dns.nameserver), interval: "1h" },
      };
      await withPlane(start, { apps: [app] }, (plane) => {
        const { targets, notes } = explained(plane);
        assertEquals(targets.map(({ address }) => address), ["127.0.0.11:7", "127.0.0.12:7"]);
        for (const { why } of targets) assertStringIncludes(why, "discovered by db.test:7");
        assertStringIncludes(notes.join("\n"), "none.test:7: discovery has no target by it");
        const { own } = plane.control.status().apps[0] ?? {};
        assertEquals(own?.targets.map(({ foundBy }) => foundBy), ["db.test:7", "db.test:7"]);
        assertEquals(own?.emptyEntries, ["none.test:7"]);
        return Promise.resolve();
      });
    },
  });

  Deno.test(`${name}: how many connections a target has is known from what was counted`, async () => {
    await using target = new TestTarget(neverAnswering);
    await withPlane(start, { apps: [{ name: "a", targets: [target.address] }] }, async (plane) => {
      using _client = await plane.connect();
      await target.connections(1);
      await plane.underWay(1);
      const { counters } = await plane.control.metrics();
      assertStringIncludes(explained(plane, {}, counters).targets[0]?.why ?? "", "; 1 connection");
    });
  });

  Deno.test(`${name}: what nobody listens on is reported with the nearest listener`, async () => {
    await withPlane(start, { apps: [{ name: "a", targets: [GONE] }] }, (plane) => {
      const answer = plane.control.explain({ ...QUESTION, to: { kind: "port", port: plane.port - 1 } });
      assertEquals(answer.kind === "none" ? answer.nearest : answer.kind, plane.control.listeners()[0]);
      return Promise.resolve();
    });
  });

  Deno.test(`${name}: while it drains it can still be asked, and says so`, async () => {
    await using target = new TestTarget(neverAnswering);
    await withPlane(start, { apps: [{ targets: [target.address] }] }, async (plane) => {
      using client = await plane.connect();
      await target.connections(1);
      await plane.underWay(1);
      const drained = plane.control.drain();
      const { isEnding, sessions } = plane.control.status();
      assertEquals([isEnding, sessions], [true, 1]);
      assertStringIncludes(explained(plane).notes.join("\n"), "it accepts nothing any more");
      client.close();
      await drained;
    });
  });
}

const QUESTION: Omit<ConnectionQuestion, "to"> = { client: "192.0.2.7", sni: undefined, alpn: [] };

/** What would happen to a client of the first port. */
function explained(
  plane: TestPlane,
  question?: Partial<ConnectionQuestion>,
  counted?: CountersSnapshot,
): ExplainedConnection {
  const whole = { to: { kind: "port", port: plane.port }, ...QUESTION, ...question } as const;
  const answer = plane.control.explain(whole, counted);
  if (answer.kind !== "explained") throw new Error(`the answer is "${answer.kind}"`);
  return answer;
}

function tried(plane: TestPlane): string[] {
  return explained(plane).targets.map(({ address }) => address);
}

function healths(plane: TestPlane): TargetSnapshot["health"][] {
  return plane.control.status().apps[0]?.own.targets.map(({ health }) => health) ?? [];
}
