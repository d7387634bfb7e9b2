import { assertEquals, assertStrictEquals } from "@std/assert";
import type { Reason } from "../../lib/base/mod.ts";
import { DescriptorShares, type ShareSession } from "../../lib/proxy/descriptors/descriptor_shares.ts";
import { FakeTime } from "../helpers/fakes/fake_time.ts";

interface TestSession extends ShareSession {
  readonly down: { bytes: number };
  ended: string | undefined;
}

/** The shares of some apps, with sessions that the test begins. */
class Bench {
  readonly time = new FakeTime();
  sessions: TestSession[] = [];
  isLacking = true;
  readonly shares: DescriptorShares;
  #lastId = 0;

  constructor(apps: number) {
    this.shares = new DescriptorShares({
      clock: this.time.clock,
      sessions: () => this.sessions,
      apps: () => apps,
      isLacking: () => this.isLacking,
    });
  }

  begin(app: string, count: number): TestSession[] {
    return Array.from({ length: count }, () => {
      const session: TestSession = {
        id: ++this.#lastId,
        app: { name: app },
        down: { bytes: 0 },
        ended: undefined,
        end: (reason: Reason, detail: string) => {
          session.ended = `${reason}: ${detail}`;
          this.end(session);
        },
      };
      this.sessions.push(session);
      this.shares.began(app);
      return session;
    });
  }

  end(session: TestSession): void {
    this.sessions = this.sessions.filter((each) => each !== session);
    this.shares.ended(session.app.name);
  }

  /** The numbers of sessions that are ended after so long. */
  after(ms: number): number[] {
    const before = this.sessions;
    this.time.nowMs += ms;
    this.shares.review();
    return before.filter(({ ended }) => ended !== undefined).map(({ id }) => id);
  }
}

const OPEN = new AbortController().signal;

Deno.test("DescriptorShares: no app is limited until descriptors run out", () => {
  const bench = new Bench(2);
  bench.begin("a", 1000);
  assertStrictEquals(bench.shares.hold("a", OPEN), undefined);
});

Deno.test("DescriptorShares: then a quarter is kept for the other of two apps, as far as that has not taken it", () => {
  const bench = new Bench(2);
  bench.begin("a", 100);
  bench.shares.lacks();
  assertStrictEquals(bench.shares.excessOf("a"), 25);
  assertStrictEquals(bench.shares.excessOf("b"), -100);
  bench.begin("b", 20);
  assertStrictEquals(bench.shares.excessOf("a"), 5);
  bench.begin("b", 20);
  assertStrictEquals(bench.shares.excessOf("a"), 0);
  bench.shares.stop();
});

Deno.test("DescriptorShares: one app alone is never limited", () => {
  const bench = new Bench(1);
  bench.begin("a", 100);
  bench.shares.lacks();
  assertStrictEquals(bench.shares.hold("a", OPEN), undefined);
  assertEquals(bench.after(10_000), []);
});

Deno.test("DescriptorShares: an app at its limit is held until a session of it ends, or it closes", async () => {
  const bench = new Bench(2);
  const sessions = bench.begin("a", 100);
  bench.shares.lacks();
  bench.shares.stop();
  const held = bench.shares.hold("a", OPEN);
  assertStrictEquals(bench.shares.hold("b", OPEN), undefined);
  for (const session of sessions.slice(0, 26)) bench.end(session);
  await held;
  assertStrictEquals(bench.shares.hold("a", OPEN), undefined);
  bench.begin("a", 26);
  const closing = new AbortController();
  const second = bench.shares.hold("a", closing.signal);
  closing.abort();
  await second;
});

Deno.test("DescriptorShares: after a second of want the youngest go whose targets have said nothing, an eighth at a time", () => {
  const bench = new Bench(2);
  const sessions = bench.begin("a", 100);
  bench.begin("b", 2);
  for (const { down, id } of sessions) if (id === 100 || id <= 50) down.bytes = 1;
  bench.shares.lacks();
  assertEquals(bench.after(999), []);
  // Above its limit by 100 - (102 - 25.5 + 2).
  assertEquals(bench.after(1), [97, 98, 99]);
  assertEquals(sessions[98]?.ended, "limit: it gave its file descriptors to other apps");
  assertEquals(bench.after(999), []);
  assertEquals(bench.after(1).length, 3);
  bench.isLacking = false;
  assertEquals(bench.after(5000), []);
});

Deno.test("DescriptorShares: without want the limit grows, and is gone when few sessions are left", () => {
  const bench = new Bench(2);
  const sessions = bench.begin("a", 100);
  bench.shares.lacks();
  bench.shares.stop();
  bench.time.nowMs = 10_000;
  assertStrictEquals(bench.shares.excessOf("a"), 100 - 112.5 * 0.75);
  for (const session of sessions.slice(0, 60)) bench.end(session);
  assertStrictEquals(bench.shares.hold("a", OPEN), undefined);
  bench.begin("a", 1000);
  assertStrictEquals(bench.shares.hold("a", OPEN), undefined);
});
