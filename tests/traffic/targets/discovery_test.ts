import { assertEquals } from "@std/assert";
import { tally } from "../../helpers/fakes/candidate_list.ts";
import { Dnsmasq, type DnsRecords } from "../../helpers/servers/dnsmasq.ts";
import { answersOf, Fleet } from "../../helpers/proxy/fleet.ts";
import { utf8 } from "../../helpers/bytes.ts";
import { exchange } from "../../helpers/clients.ts";
import { configOf, ProxyLog, TestProxy, withProxy } from "../../helpers/proxy/proxy.ts";
import { Proxy } from "../../../lib/proxy/mod.ts";
import { echo, TestTarget } from "../../helpers/targets.ts";
import { missingTools } from "../../helpers/programs/tools.ts";
import { until } from "../../helpers/until.ts";

/** An observer that also keeps what discovery meets with. */
class DiscoveryLog extends ProxyLog {
  readonly episodes: string[] = [];

  override discoveryFailing(): void {
    this.episodes.push("failing");
  }

  override discoveryRecovered(): void {
    this.episodes.push("recovered");
  }
}

interface Watched {
  readonly dns: Dnsmasq;
  readonly proxy: TestProxy;
  readonly log: DiscoveryLog;
}

/** Runs a proxy that asks a real server all the time. */
async function withDiscovery(
  records: DnsRecords,
  app: Readonly<Record<string, unknown>>,
  use: (watched: Watched) => Promise<void>,
): Promise<void> {
  await using dns = await Dnsmasq.start(records);
  const nameserver = `${dns.nameserver.host}:${dns.nameserver.port}`;
  const log = new DiscoveryLog();
  const config = configOf({ apps: [{ ...app, dns: { nameserver, interval: "20ms" } }] });
  const proxy = await Proxy.start(config, { observer: log, random: () => 0 });
  try {
    await use({ dns, proxy: new TestProxy(proxy, log), log });
  } finally {
    await proxy.stop();
  }
}

/** A test with a real dnsmasq. */
function live(name: string, fn: () => Promise<void>): void {
  const missing = missingTools("dnsmasq");
  const reason = missing.length === 0 ? "" : ` (ignored: ${missing.join(", ")} not found)`;
  Deno.test({ name: `${name}${reason}`, ignore: missing.length > 0, fn });
}

live(
  "discover: dns makes targets of a name's addresses, follows them, and keeps them through an outage",
  async () => {
    await using first = new TestTarget(echo, { hostname: "127.0.0.11" });
    const { port } = first;
    await using _second = new TestTarget(echo, { hostname: "127.0.0.12", port });
    await using _third = new TestTarget(echo, { hostname: "127.0.0.13", port });
    const answer = (...last: number[]): DnsRecords => ({
      hosts: { "db.test": last.map((each) => `127.0.0.${each}`) },
    });
    const app = { targets: [{ address: `db.test:${port}`, discover: "dns" }], balance: "round_robin" };
    await withDiscovery(answer(11, 12), app, async ({ dns, proxy, log }) => {
      const hostsOf = async (count: number): Promise<string[]> => {
        const hosts: string[] = [];
        for (let left = count; left > 0; left--) {
          using client = await proxy.connect();
          await client.closeWrite();
          hosts.push((await proxy.outcome()).target?.label ?? "none");
        }
        return hosts.sort();
      };
      const labels = (...last: number[]): string[] => last.map((each) => `127.0.0.${each}:${port}`);
      assertEquals(await hostsOf(4), labels(11, 11, 12, 12));

      await dns.fail();
      await until(() => log.episodes.length > 0);
      assertEquals(await hostsOf(4), labels(11, 11, 12, 12));
      await dns.answer({});
      assertEquals(await hostsOf(4), labels(11, 11, 12, 12));

      log.targetChanges.length = 0;
      await dns.answer(answer(12, 13));
      await until(() => log.episodes.includes("recovered"));
      assertEquals(await hostsOf(4), labels(12, 12, 13, 13));
      assertEquals(log.targetChanges, [
        `app-1 127.0.0.13:${port} added`,
        `app-1 127.0.0.11:${port} removed`,
      ]);
    });
  },
);

live("discover: srv makes tiers of priorities, and weights of weights", async () => {
  await using fleet = new Fleet(3);
  const hosts = { "db.test": ["127.0.0.1"] };
  const ports = fleet.targets.map((target) => target.port);
  const record = (index: number, priority: number, weight: number) => ({
    target: "db.test",
    port: ports[index] ?? 0,
    priority,
    weight,
  });
  const name = "_db._tcp.test";
  const app = { targets: [{ address: name, discover: "srv" }], balance: "round_robin" };
  const before = { hosts, services: { [name]: [record(0, 10, 30), record(1, 10, 10), record(2, 20, 10)] } };
  await withDiscovery(before, app, async ({ dns, proxy, log }) => {
    assertEquals(tally(await answersOf(proxy, 8), 3), [6, 2, 0]);

    await dns.answer({ hosts, services: { [name]: [record(1, 30, 10), record(2, 20, 10)] } });
    await until(() => log.targetChanges.some((change) => change.endsWith("removed")));
    assertEquals(tally(await answersOf(proxy, 4), 3), [0, 0, 4]);
    assertEquals(log.targetChanges.slice(3), [`app-1 127.0.0.1:${ports[0]} removed`]);
  });
});

Deno.test("discover: without it a name is resolved by each dial, and no target comes or goes", async () => {
  await using fleet = new Fleet(1);
  const [target] = fleet.targets;
  await withProxy({ targets: [`localhost:${target?.port ?? 0}`] }, async (proxy) => {
    assertEquals(await answersOf(proxy, 2), [0, 0]);
    assertEquals(proxy.log.targetChanges, []);
  });
});

live("discover: while no answer has come there is no target, and connections end as no_target", async () => {
  await withDiscovery({}, { targets: [{ address: "db.test:1", discover: "dns" }] }, async ({ proxy }) => {
    using client = await proxy.connect();
    await client.closeWrite();
    const session = await proxy.outcome();
    assertEquals([session.reason, session.tries], ["no_target", 0]);
    assertEquals(session.detail, "discovery has found no target");
  });
});

live(
  "discover: answers that are unspecified, or lead to the app itself, are left out, and said once",
  async () => {
    await using target = new TestTarget(echo, { hostname: "127.0.0.11" });
    const { port } = target;
    const hosts = { "db.test": ["0.0.0.0", "127.0.0.11", "127.0.0.12"] };
    const app = {
      listen: [`127.0.0.12:${port}`],
      targets: [{ address: `db.test:${port}`, discover: "dns" }],
    };
    await withDiscovery({ hosts }, app, async ({ dns, proxy, log }) => {
      using client = await Deno.connect({ hostname: "127.0.0.12", port });
      assertEquals(await exchange(client, utf8("hello")), utf8("hello"));
      // Another answer beside them, so that all are looked at again.
      await dns.answer({ hosts: { "db.test": [...hosts["db.test"], "127.0.0.13"] } });
      await until(() => log.targetChanges.includes(`app-1 127.0.0.13:${port} added`));
      assertEquals(log.leftOut, [
        `app-1 db.test:${port} 0.0.0.0:${port}: the unspecified address leads to this machine`,
        `app-1 db.test:${port} 127.0.0.12:${port}: it leads to the app's own listener 127.0.0.12:${port}`,
      ]);
      assertEquals(proxy.port, port);
    });
  },
);
