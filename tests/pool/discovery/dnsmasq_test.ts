import { assertEquals, assertStringIncludes } from "@std/assert";
import { formatAddress } from "../../../lib/base/mod.ts";
import { Discovery } from "../../../lib/pool/discovery/discovery.ts";
import { type DiscoverySource, dnsResolver } from "../../../lib/pool/discovery/dns_lookup.ts";
import { Dnsmasq, type DnsRecords } from "../../helpers/servers/dnsmasq.ts";
import { missingTools } from "../../helpers/programs/tools.ts";

const missing = missingTools("dnsmasq");
const ignore = missing.length > 0;
const needs = ignore ? ` (ignored: missing ${missing.join(", ")})` : "";

/** A discovery that asks a real server all the time, and what it tells, one after the other. */
interface Watched {
  readonly dns: Dnsmasq;
  readonly discovery: Discovery;
  /** The targets after the next change. */
  nextChange(): Promise<string[]>;
  /** The error of the next episode. */
  nextFailure(): Promise<string>;
  /** Resolves when the next episode is over. */
  nextRecovery(): Promise<string>;
}

async function withDiscovery(
  source: DiscoverySource,
  records: DnsRecords,
  use: (watched: Watched) => Promise<void>,
): Promise<void> {
  await using dns = await Dnsmasq.start(records);
  const changes = new Mailbox<string[]>();
  const failures = new Mailbox<string>();
  const recoveries = new Mailbox<string>();
  const discovery = new Discovery(source, {
    intervalMs: 10,
    timeoutMs: 2000,
    resolver: dnsResolver(dns),
    observer: {
      changed: ({ targets }) =>
        changes.put(
          targets.map(({ address, backupTier, weight }) =>
            `${formatAddress(address)} ${backupTier}/${weight ?? 1}`
          ),
        ),
      failing: (error) => failures.put(error),
      recovered: () => recoveries.put("recovered"),
    },
  });
  try {
    await discovery.start(5000);
    await use({
      dns,
      discovery,
      nextChange: () => changes.take(),
      nextFailure: () => failures.take(),
      nextRecovery: () => recoveries.take(),
    });
    assertEquals(
      [changes.size, failures.size, recoveries.size],
      [0, 0, 0],
      "more was reported than expected",
    );
  } finally {
    await discovery.stop();
  }
}

/** Keeps what is put into it until it is taken. */
class Mailbox<T> {
  readonly #kept: T[] = [];
  readonly #awaited: ((value: T) => void)[] = [];

  get size(): number {
    return this.#kept.length;
  }

  put(value: T): void {
    const taker = this.#awaited.shift();
    if (taker === undefined) this.#kept.push(value);
    else taker(value);
  }

  take(): Promise<T> {
    const value = this.#kept.shift();
    return value === undefined
      ? new Promise((resolve) => void this.#awaited.push(resolve))
      : Promise.resolve(value);
  }
}

Deno.test({
  name: `Discovery: has the addresses of both families${needs}`,
  ignore,
  fn: async () => {
    const source: DiscoverySource = { kind: "dns", host: "db.test", port: 5432 };
    await withDiscovery(source, { hosts: { "db.test": ["10.0.0.2", "2001:db8::1"] } }, async (watched) => {
      assertEquals(await watched.nextChange(), ["10.0.0.2:5432 0/1", "[2001:db8::1]:5432 0/1"]);
    });
  },
});

/**
 * The last good answer is kept while a server ends and another begins, so nobody sees the time between. Where one ends,
 * names have addresses of one family: A and AAAA are two queries, and it may have answered one of them.
 */
Deno.test({
  name: `Discovery: follows the addresses of a name, and keeps them through an outage${needs}`,
  ignore,
  fn: async () => {
    const source: DiscoverySource = { kind: "dns", host: "db.test", port: 5432 };
    const before = { hosts: { "db.test": ["10.0.0.1", "10.0.0.2"] } };
    await withDiscovery(source, before, async ({ dns, discovery, ...next }) => {
      assertEquals(await next.nextChange(), ["10.0.0.1:5432 0/1", "10.0.0.2:5432 0/1"]);

      await dns.fail();
      assertStringIncludes(await next.nextFailure(), "no answer within");
      assertEquals(discovery.state.targets.length, 2);
      const after = { hosts: { "db.test": ["10.0.0.2", "10.0.0.3"] } };
      await dns.answer(after);
      await next.nextRecovery();
      assertEquals(await next.nextChange(), ["10.0.0.2:5432 0/1", "10.0.0.3:5432 0/1"]);

      await dns.fail();
      assertStringIncludes(await next.nextFailure(), "no answer within");
      await dns.answer({});
      while (!discovery.state.error?.includes("no address")) await pause();
      assertEquals(discovery.state.targets.length, 2);
      await dns.answer(after);
      await next.nextRecovery();
      assertEquals(discovery.state.error, undefined);
    });
  },
});

Deno.test({
  name: `Discovery: follows SRV records with their priorities and weights${needs}`,
  ignore,
  fn: async () => {
    const hosts = { "a.test": ["10.0.0.1"], "b.test": ["2001:db8::2", "2001:db8::3"] };
    const [a, b] = ["a.test", "b.test"].map((target) => ({ target, port: 5432, priority: 10, weight: 60 }));
    if (a === undefined || b === undefined) throw new Error("unreachable");
    const source: DiscoverySource = { kind: "srv", name: "_db._tcp.test" };
    const both = { hosts, services: { "_db._tcp.test": [a, { ...b, priority: 20 }] } };
    await withDiscovery(source, both, async ({ dns, discovery, ...next }) => {
      assertEquals(await next.nextChange(), [
        "10.0.0.1:5432 0/60",
        "[2001:db8::2]:5432 1/30",
        "[2001:db8::3]:5432 1/30",
      ]);

      await dns.fail();
      await next.nextFailure();
      await dns.answer({ hosts, services: { "_db._tcp.test": [b] } });
      assertEquals(await next.nextChange(), ["[2001:db8::2]:5432 0/30", "[2001:db8::3]:5432 0/30"]);
      await next.nextRecovery();

      await dns.fail();
      await next.nextFailure();
      const none = { target: "", port: 0, priority: 0, weight: 0 };
      await dns.answer({ hosts, services: { "_db._tcp.test": [none] } });
      assertEquals(await next.nextChange(), []);
      await next.nextRecovery();
      assertEquals(discovery.state.error, undefined);
    });
  },
});

Deno.test({
  name: `Discovery: what is asked when it stops is called off${needs}`,
  ignore,
  fn: async () => {
    await using dns = await Dnsmasq.start({});
    await dns.fail();
    const source: DiscoverySource = { kind: "dns", host: "db.test", port: 1 };
    const discovery = new Discovery(source, { intervalMs: 10, resolver: dnsResolver(dns) });
    await discovery.start(1);
    await discovery.stop();
    assertEquals(discovery.state.error, undefined);
  },
});

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 5));
}
