import { assertEquals } from "@std/assert";
import { formatAddress } from "../../../lib/base/mod.ts";
import type { ServiceRecord } from "../../../lib/dial/mod.ts";
import {
  Discovery,
  type DiscoveryObserver,
  type DiscoveryOptions,
} from "../../../lib/pool/discovery/discovery.ts";
import type { DiscoveredTarget } from "../../../lib/pool/discovery/discovery_change.ts";
import type { DiscoverySource, Resolver } from "../../../lib/pool/discovery/dns_lookup.ts";
import { FakeScheduler } from "../../helpers/fakes/fake_scheduler.ts";
import { settled } from "../../helpers/fakes/fake_time.ts";
import { until } from "../../helpers/until.ts";
import { scriptedRandom } from "../../helpers/fakes/seeded_random.ts";

/** What the DNS of a test answers: records, an error, or `"silence"`. */
type Scripted<T> = readonly T[] | Error | "silence";

/** A resolver whose answers a test changes, and that counts what is asked of it. */
class ScriptedResolver implements Resolver {
  asked = 0;
  /** Asks that are neither answered nor called off. */
  pending = 0;
  mostPending = 0;
  readonly hosts: Record<string, Scripted<string>> = {};
  records: Scripted<ServiceRecord> = [];

  addresses(name: string, signal: AbortSignal): Promise<readonly string[]> {
    return this.#answer(this.hosts[name] ?? [], signal);
  }

  services(_name: string, signal: AbortSignal): Promise<readonly ServiceRecord[]> {
    return this.#answer(this.records, signal);
  }

  async #answer<T>(scripted: Scripted<T>, signal: AbortSignal): Promise<readonly T[]> {
    this.asked++;
    this.pending++;
    this.mostPending = Math.max(this.mostPending, this.pending);
    try {
      if (scripted === "silence") {
        await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
      }
      await settled();
      if (scripted instanceof Error) throw scripted;
      return scripted === "silence" ? [] : scripted;
    } finally {
      this.pending--;
    }
  }
}

/** A discovery with all around it in a test's hand, and one line for each thing that it tells. */
class Setting implements AsyncDisposable {
  readonly dns = new ScriptedResolver();
  readonly scheduler = new FakeScheduler();
  readonly reported: string[] = [];
  readonly discovery: Discovery;

  constructor(source: DiscoverySource, options: Partial<DiscoveryOptions> = {}) {
    const observer: DiscoveryObserver = {
      changed: ({ added, removed, changed, kept }) =>
        void this.reported.push(
          `+[${show(added)}] -[${show(removed)}] ~[${show(changed)}] =[${show(kept)}]`,
        ),
      failing: (error) => void this.reported.push(`failing: ${error}`),
      recovered: (failedForMs) => void this.reported.push(`recovered after ${failedForMs} ms`),
    };
    this.discovery = new Discovery(source, {
      intervalMs: 10_000,
      observer,
      resolver: this.dns,
      scheduler: this.scheduler,
      random: () => 0.5,
      ...options,
    });
  }

  /** Moves on by so many intervals without jitter. */
  async rounds(count: number): Promise<void> {
    for (let round = 0; round < count; round++) {
      await this.scheduler.advance(10_000);
      await until(() => this.dns.pending === 0);
      await settled();
    }
  }

  take(): string[] {
    return this.reported.splice(0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.discovery.stop();
    assertEquals([this.scheduler.pending, this.dns.pending], [0, 0], "timers and asks left behind");
  }
}

function show(targets: readonly DiscoveredTarget[]): string {
  return targets.map(({ address, backupTier, weight }) =>
    formatAddress(address) + (backupTier === 0 && (weight ?? 1) === 1 ? "" : `/${backupTier}/${weight}`)
  ).join(" ");
}

const DNS: DiscoverySource = { kind: "dns", host: "db", port: 5432 };
const SRV: DiscoverySource = { kind: "srv", name: "_db._tcp" };

function record(target: string, options: Partial<ServiceRecord> = {}): ServiceRecord {
  return { target, port: 1, priority: 1, weight: 1, ...options };
}

Deno.test("Discovery: the first answer is there when start resolves", async () => {
  await using test = new Setting(DNS);
  test.dns.hosts["db"] = ["10.0.0.2", "10.0.0.1", "2001:db8::1"];
  await test.discovery.start(1000);
  assertEquals(show(test.discovery.state.targets), "10.0.0.1:5432 10.0.0.2:5432 [2001:db8::1]:5432");
  assertEquals(test.take(), ["+[10.0.0.1:5432 10.0.0.2:5432 [2001:db8::1]:5432] -[] ~[] =[]"]);
});

Deno.test("Discovery: start waits no longer than its limit, and the lookup continues", async () => {
  await using test = new Setting(DNS);
  test.dns.hosts["db"] = "silence";
  const started = test.discovery.start(1000);
  await test.scheduler.advance(1000);
  await started;
  assertEquals([test.dns.pending, test.reported], [1, []]);
});

Deno.test("Discovery: reports what was added, removed and kept, and nothing without a change", async () => {
  await using test = new Setting(DNS);
  test.dns.hosts["db"] = ["10.0.0.1", "10.0.0.2"];
  await test.discovery.start(1000);
  test.take();
  test.dns.hosts["db"] = ["10.0.0.2", "10.0.0.1", "10.0.0.1"];
  await test.rounds(1);
  assertEquals(test.take(), []);
  test.dns.hosts["db"] = ["10.0.0.3", "10.0.0.2"];
  await test.rounds(1);
  assertEquals(test.take(), ["+[10.0.0.3:5432] -[10.0.0.1:5432] ~[] =[10.0.0.2:5432]"]);
});

Deno.test("Discovery: keeps the last good answer through errors and empty answers, and reports each episode once", async () => {
  await using test = new Setting(DNS);
  test.dns.hosts["db"] = ["10.0.0.1"];
  await test.discovery.start(1000);
  test.take();
  await test.rounds(1);
  assertEquals(test.discovery.state.lastGoodMs, 10_000);

  test.dns.hosts["db"] = new Error("the server is gone");
  await test.rounds(1);
  test.dns.hosts["db"] = [];
  await test.rounds(2);
  assertEquals(test.take(), ["failing: the server is gone"]);
  const { answeredAtMs, ...state } = test.discovery.state;
  assertEquals(answeredAtMs !== undefined, true);
  assertEquals(state, {
    targets: [
      {
        address: { kind: "tcp", host: "10.0.0.1", port: 5432 },
        name: "db",
        backupTier: 0,
        weight: undefined,
      },
    ],
    lastGoodMs: 10_000,
    failingSinceMs: 20_000,
    error: 'resolve "db": the answer has no address',
  });

  test.dns.hosts["db"] = ["10.0.0.1"];
  await test.rounds(1);
  const [recovered, ...more] = test.take();
  assertEquals([recovered?.startsWith("recovered after "), more], [true, []]);
  assertEquals([test.discovery.state.failingSinceMs, test.discovery.state.error], [undefined, undefined]);
});

Deno.test("Discovery: a silent DNS is a failure at the limit", async () => {
  await using test = new Setting(DNS, { timeoutMs: 3000 });
  test.dns.hosts["db"] = "silence";
  const started = test.discovery.start(60_000);
  await test.scheduler.advance(2999);
  assertEquals(test.take(), []);
  await test.scheduler.advance(1);
  await started;
  assertEquals(test.take(), ['failing: resolve "db": no answer within 3000 ms']);
  assertEquals(test.dns.pending, 0);
});

Deno.test("Discovery: looks up every interval with jitter, never twice at once", async () => {
  await using test = new Setting(DNS, { random: scriptedRandom(0, 0.5, 0.5) });
  test.dns.hosts["db"] = ["10.0.0.1"];
  await test.discovery.start(1000);
  await test.scheduler.advance(9499);
  assertEquals(test.dns.asked, 1);
  await test.scheduler.advance(1);
  await settled();
  assertEquals(test.dns.asked, 2);
  await test.scheduler.advance(9999);
  assertEquals(test.dns.asked, 2);
  await test.scheduler.advance(1);
  assertEquals(test.dns.asked, 3);
});

Deno.test("Discovery: a lookup that outlasts the interval is followed by the next, not overtaken", async () => {
  await using test = new Setting(DNS, { intervalMs: 1000, timeoutMs: 5000 });
  test.dns.hosts["db"] = "silence";
  const started = test.discovery.start(0);
  await test.scheduler.advance(12_500);
  await started;
  assertEquals([test.dns.asked, test.dns.mostPending], [3, 1]);
});

Deno.test("Discovery: while failing, retries sooner and then less and less often", async () => {
  await using test = new Setting(DNS, { intervalMs: 10_000 });
  await test.discovery.start(1000);
  const asked: number[] = [];
  for (let second = 1; second <= 27; second++) {
    const before = test.dns.asked;
    await test.scheduler.advance(1000);
    await settled();
    if (test.dns.asked > before) asked.push(second);
  }
  assertEquals(asked, [1, 3, 7, 15, 25]);
});

Deno.test("Discovery: with the interval off, looks up until there is an answer, and never again", async () => {
  await using test = new Setting(DNS, { intervalMs: Infinity });
  await test.discovery.start(1000);
  test.dns.hosts["db"] = ["10.0.0.1"];
  await test.scheduler.advance(1000);
  await settled();
  assertEquals([test.dns.asked, test.scheduler.pending], [2, 0]);
});

Deno.test("Discovery: stop cancels the lookup and reports nothing more", async () => {
  await using test = new Setting(DNS);
  test.dns.hosts["db"] = "silence";
  const started = test.discovery.start(60_000);
  await settled();
  assertEquals(test.dns.pending, 1);
  await test.discovery.stop();
  await started;
  assertEquals([test.dns.pending, test.scheduler.pending, test.reported], [0, 0, []]);
});

Deno.test("Discovery: SRV priorities are tiers, weights are weights", async () => {
  await using test = new Setting(SRV);
  test.dns.records = [record("b", { priority: 20 }), record("a", { weight: 7 })];
  test.dns.hosts["a"] = ["10.0.0.9"];
  test.dns.hosts["b"] = ["10.0.0.1"];
  await test.discovery.start(1000);
  assertEquals(test.take(), ["+[10.0.0.9:1/0/7 10.0.0.1:1/1/1] -[] ~[] =[]"]);
  test.dns.records = [record("b", { priority: 20 }), record("a", { weight: 8 })];
  await test.rounds(1);
  assertEquals(test.take(), ["+[] -[] ~[10.0.0.9:1/0/8] =[10.0.0.1:1/1/1]"]);
});

Deno.test("Discovery: an SRV name that fails keeps its own last good addresses", async () => {
  await using test = new Setting(SRV);
  test.dns.records = [record("a"), record("b")];
  test.dns.hosts["a"] = ["10.0.0.1"];
  test.dns.hosts["b"] = ["10.0.0.2"];
  await test.discovery.start(1000);
  test.take();
  test.dns.hosts["a"] = new Error("the server is gone");
  test.dns.hosts["b"] = ["10.0.0.3"];
  await test.rounds(1);
  assertEquals(test.take(), [
    "+[10.0.0.3:1] -[10.0.0.2:1] ~[] =[10.0.0.1:1]",
    "failing: the server is gone",
  ]);
  assertEquals(test.discovery.state.lastGoodMs, 0);
  test.dns.records = [record("b")];
  await test.rounds(1);
  assertEquals(test.take()[0], "+[] -[10.0.0.1:1] ~[] =[10.0.0.3:1]");
});

Deno.test("Discovery: SRV records of which no name has an address change nothing", async () => {
  await using test = new Setting(SRV);
  test.dns.records = [record("a")];
  test.dns.hosts["a"] = ["10.0.0.1"];
  await test.discovery.start(1000);
  test.dns.records = [record("unknown")];
  await test.rounds(1);
  assertEquals(show(test.discovery.state.targets), "10.0.0.1:1");
  assertEquals(test.discovery.state.error, 'resolve "unknown": the answer has no address');
  test.dns.records = [];
  await test.rounds(1);
  assertEquals(show(test.discovery.state.targets), "10.0.0.1:1");
  assertEquals(test.discovery.state.error, 'resolve "_db._tcp": the answer has no SRV record');
});

Deno.test('Discovery: an SRV target of "." empties the list, and is reported once', async () => {
  await using test = new Setting(SRV);
  test.dns.records = [record("a")];
  test.dns.hosts["a"] = ["10.0.0.1"];
  await test.discovery.start(1000);
  test.take();
  test.dns.records = [record(".", { port: 0 })];
  await test.rounds(2);
  assertEquals(test.take(), ["+[] -[10.0.0.1:1] ~[] =[]"]);
  assertEquals(test.discovery.state.error, undefined);
});

Deno.test('Discovery: an SRV target of "." is reported as a first answer too', async () => {
  await using test = new Setting(SRV);
  test.dns.records = [record(".")];
  await test.discovery.start(1000);
  await test.rounds(1);
  assertEquals(test.take(), ["+[] -[] ~[] =[]"]);
});

Deno.test("Discovery: the names of a large SRV answer are resolved a few at a time, each once", async () => {
  await using test = new Setting(SRV);
  const names = Array.from({ length: 100 }, (_, i) => `t${i}`);
  test.dns.records = names.flatMap((name) => [record(name), record(name, { port: 2 })]);
  for (const name of names) test.dns.hosts[name] = [`10.0.1.${name.slice(1)}`];
  await test.discovery.start(1000);
  assertEquals(test.discovery.state.targets.length, 200);
  assertEquals([test.dns.asked, test.dns.mostPending], [101, 16]);
});
