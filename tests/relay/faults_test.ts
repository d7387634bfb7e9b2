import { assert, assertEquals, assertNotEquals, assertStrictEquals } from "@std/assert";
import fc from "fast-check";
import { type Fault, FaultPlan, type FaultRule, type Filter } from "../../lib/relay/mod.ts";
import { testRelayContract } from "../contract/relay.ts";
import { concat, utf8 } from "../helpers/bytes.ts";
import { randomBytes } from "../helpers/clients.ts";
import { FakeTime, settled } from "../helpers/fakes/fake_time.ts";
import { type Arrival, FaultBench, faultPlan, faultRule } from "../helpers/connections/fault_bench.ts";
import { assertSameBytes } from "../helpers/same_bytes.ts";
import { scriptedRandom } from "../helpers/fakes/seeded_random.ts";

const CHUNK_BYTES = 16 * 1024;
const CLIENT = "192.0.2.1";

const LATENCY: Fault = { kind: "latency", amountMs: 100, jitterMs: 0 };
const SLICE: Fault = { kind: "slice", sizeBytes: 4, delayMs: 10 };
const SLOW: Fault = { kind: "bandwidth", bytesPerSecond: 1000 };
const BLACK_HOLE: Fault = { kind: "black_hole" };

/** One of each fault that makes the relay wait. */
const WAITING: readonly Fault[] = [LATENCY, SLICE, SLOW, BLACK_HOLE, { kind: "close", afterMs: 3_600_000 }];

testRelayContract({
  name: "faults that change nothing",
  create: (parts) => {
    const { pause, clock } = new FakeTime();
    const rules: Fault[] = [
      { kind: "latency", amountMs: 0, jitterMs: 0 },
      { kind: "slice", sizeBytes: 1000, delayMs: 0 },
      { kind: "bandwidth", bytesPerSecond: 1e9 },
      { kind: "reset", afterBytes: 1e9 },
    ];
    const plan = new FaultPlan(rules.map((rule) => faultRule(rule)), {
      clock,
      pause,
      budget: () => ({ take: () => 0 }),
    });
    const faults = plan.draw(CLIENT, 0);
    if (faults === undefined) throw new Error("test: no fault hit the session; expected four");
    return faults.engine({ ...parts, up: [], down: [], onCut: () => {} });
  },
  // What latency holds in flight, and two chunks a filter for the pipes into it and out of it.
  holdsAtMost: 256 * 1024 + 10 * CHUNK_BYTES,
});

Deno.test("FaultPlan.draw: returns undefined when no rule hits", () => {
  const miss = (...rules: FaultRule[]): void => assertEquals(faultPlan(rules).draw(CLIENT, 1000), undefined);
  miss();
  miss(faultRule(LATENCY, { probability: 0 }));
  miss(faultRule(LATENCY, { appliesTo: (host) => host !== CLIENT }));
  miss(faultRule(LATENCY, { expiresAtMs: 1000 }));
});

Deno.test("FaultPlan.draw: returns the rules that hit, in order", () => {
  const plan = faultPlan([
    faultRule(SLICE),
    faultRule(SLOW, { probability: 0 }),
    faultRule(BLACK_HOLE, { appliesTo: (host) => host === "" }),
    faultRule(LATENCY, { expiresAtMs: 1001 }),
  ]);
  assertEquals(plan.draw(CLIENT, 1000)?.kinds, ["slice", "latency"]);
  assertEquals(plan.draw("", 1001)?.kinds, ["slice", "black_hole"]);
});

Deno.test("FaultPlan.draw: refuses only where a refuse rule hits", () => {
  const plan = faultPlan([faultRule(LATENCY), faultRule({ kind: "refuse" }, { expiresAtMs: 10 })]);
  assertStrictEquals(plan.draw(CLIENT, 9)?.refuse, true);
  assertStrictEquals(plan.draw(CLIENT, 10)?.refuse, false);
});

Deno.test("FaultPlan.draw: the same seed hits the same sessions, another seed other ones", () => {
  const hits = (seed: number): boolean[] =>
    hitsOf(faultPlan([faultRule(LATENCY, { seed, probability: 0.5 })]));
  assertEquals(hits(7), hits(7));
  assertNotEquals(hits(7), hits(8));
  // Neighbours are no shifted copies of each other, and a seed above 32 bits counts whole.
  assertNotEquals(hits(7).slice(1), hits(8).slice(0, -1));
  assertNotEquals(hits(7), hits(7 + 2 ** 32));
});

Deno.test("FaultPlan.draw: hits the configured share of sessions", () => {
  for (const probability of [0.01, 0.25, 0.5, 0.9]) {
    const hits = hitsOf(faultPlan([faultRule(LATENCY, { probability })]), 20_000).filter((hit) => hit).length;
    // Four standard deviations; the seed is fixed, so that it holds always or never.
    const slack = 4 * Math.sqrt(20_000 * probability * (1 - probability));
    assert(Math.abs(hits - 20_000 * probability) < slack, `${hits} of 20000 at ${probability}`);
  }
});

Deno.test("FaultPlan.draw: sessions that a rule does not apply to do not count", () => {
  const rules = [faultRule(LATENCY, { probability: 0.5, appliesTo: (host) => host === CLIENT })];
  const alone = faultPlan(rules);
  const among = faultPlan(rules);
  for (let n = 0; n < 100; n++) {
    among.draw("198.51.100.7", 0);
    assertEquals(among.draw(CLIENT, 0)?.kinds, alone.draw(CLIENT, 0)?.kinds);
  }
});

Deno.test("FaultPlan: a rule without seed draws one", () => {
  const hits = (random: number): boolean[] =>
    hitsOf(
      new FaultPlan([faultRule(LATENCY, { seed: undefined, probability: 0.5 })], {
        clock: { nowMs: () => 0 },
        random: scriptedRandom(random),
        budget: () => ({ take: () => 0 }),
      }),
    );
  assertEquals(hits(0.1), hits(0.1));
  assertNotEquals(hits(0.1), hits(0.2));
});

for (const direction of ["up", "down"] as const) {
  const ends = (bench: FaultBench): { from: FaultBench["client"]; there: Arrival[]; back: Arrival[] } =>
    direction === "up"
      ? { from: bench.client, there: bench.atTarget, back: bench.atClient }
      : { from: bench.target, there: bench.atClient, back: bench.atTarget };
  const onlyHere = (fault: Fault, expiresAtMs = Infinity): FaultBench =>
    FaultBench.with([faultRule(fault, { direction, expiresAtMs })]);
  const onlyThere = (fault: Fault): FaultBench =>
    FaultBench.with([faultRule(fault, { direction: direction === "up" ? "down" : "up" })]);

  Deno.test(`latency ${direction}: delays chunks and FIN by the amount, side by side`, async () => {
    const bench = onlyHere(LATENCY);
    const { from, there } = ends(bench);
    for (const text of ["one", "two", "three"]) {
      await from.write(utf8(text));
      await bench.time.advance(10);
    }
    await from.closeWrite();
    await bench.time.advance(1000);
    assertEquals(there, [
      [100, utf8("one")],
      [110, utf8("two")],
      [120, utf8("three")],
      [130, "FIN"],
    ]);
    await over(bench);
  });

  Deno.test(`latency ${direction}: bounds what it holds, in large chunks and in tiny ones`, async () => {
    for (
      const { size, bound } of [{ size: CHUNK_BYTES, bound: 22 * CHUNK_BYTES }, { size: 1, bound: 1100 }]
    ) {
      const bench = onlyHere(LATENCY);
      const { from, there } = ends(bench);
      const near = direction === "up" ? bench.nearClient : bench.nearTarget;
      // Stops when the relay takes no more.
      sendAll(from, new Uint8Array(size)).then(async () => {
        for (let n = 1; n < 2000; n++) await sendAll(from, new Uint8Array(size));
      }).catch(() => {});
      for (let before = -1; before !== near.bytesRead;) {
        before = near.bytesRead;
        await settled();
      }
      assert(near.bytesRead <= bound, `${near.bytesRead} bytes are held`);
      assert(near.bytesRead >= bound / 2, `only ${near.bytesRead} bytes are held`);
      assertEquals(there, []);
      await over(bench);
    }
  });

  Deno.test(`latency ${direction}: jitter depends on the stream position and not on chunk boundaries`, async () => {
    const arrivals = async (...sizes: number[]): Promise<Map<number, number>> => {
      const bench = onlyHere({ kind: "latency", amountMs: 1000, jitterMs: 500 });
      const { from, there } = ends(bench);
      for (const size of sizes) {
        await from.write(new Uint8Array(size));
        // Later than all before, so that no chunk waits for another.
        await bench.time.advance(2000);
      }
      await over(bench);
      let offset = 0;
      const delays = new Map<number, number>();
      there.forEach(([atMs, what], index) => {
        if (!(what instanceof Uint8Array)) return;
        delays.set(offset, atMs - 2000 * index);
        offset += what.length;
      });
      return delays;
    };
    const whole = await arrivals(10, 20, 30, 40);
    assertEquals([...whole.keys()], [0, 10, 30, 60]);
    for (const delay of whole.values()) assert(delay >= 500 && delay <= 1500, `${delay} ms`);
    assertStrictEquals(new Set(whole.values()).size, 4);
    const pieces = await arrivals(5, 5, 20, 1, 29, 40);
    for (const [offset, delay] of whole) assertStrictEquals(pieces.get(offset), delay);
  });

  Deno.test(`latency ${direction}: keeps the order whatever the jitter`, async () => {
    const bench = onlyHere({ kind: "latency", amountMs: 50, jitterMs: 200 });
    const { from, there } = ends(bench);
    const sent = Array.from({ length: 20 }, (_, n) => utf8(`${n} `));
    for (const piece of sent) {
      await from.write(piece);
      await bench.time.advance(1);
    }
    await bench.time.advance(1000);
    assertEquals(bytesOf(there), concat(...sent));
    assert(there.every(([atMs]) => atMs <= 300), "a chunk was later than amount and jitter allow");
    await over(bench);
  });

  Deno.test(`bandwidth ${direction}: bytes pass at the rate after a first burst`, async () => {
    const bench = onlyHere(SLOW);
    const { from, there } = ends(bench);
    await from.write(randomBytes(3500));
    await from.closeWrite();
    await bench.time.advance(10_000);
    assertSameBytes(bytesOf(there), randomBytes(3500));
    const by = (ms: number): number => bytesOf(there.filter(([atMs]) => atMs <= ms)).length;
    assertEquals([by(0), by(500), by(1000), by(3399), by(3400)], [100, 600, 1100, 3450, 3500]);
    assertEquals(there.at(-1), [3400, "FIN"]);
    await over(bench);
  });

  Deno.test(`slice ${direction}: pieces are small and apart, whatever the chunks`, async () => {
    const bench = onlyHere(SLICE);
    const { from, there } = ends(bench);
    await from.write(utf8("abcdefghij"));
    await from.write(utf8("kl"));
    await bench.time.advance(100);
    await from.write(utf8("m"));
    await from.closeWrite();
    await bench.time.advance(100);
    assertEquals(there, [
      [0, utf8("abcd")],
      [10, utf8("efgh")],
      [20, utf8("ij")],
      [30, utf8("kl")],
      [100, utf8("m")],
      [100, "FIN"],
    ]);
    await over(bench);
  });

  Deno.test(`black_hole ${direction}: takes all that is sent and passes nothing, FIN included`, async () => {
    const bench = onlyHere(BLACK_HOLE);
    const { from, there, back } = ends(bench);
    const sent = from.write(new Uint8Array(1)).then(() => sendAll(from, new Uint8Array(1_000_000)));
    await sent;
    await from.closeWrite();
    const other = direction === "up" ? bench.target : bench.client;
    await other.write(utf8("hello?"));
    await bench.time.advance(3_600_000);
    assertEquals(there, []);
    assertEquals(bytesOf(back), utf8("hello?"));
    assertEquals([bench[direction].bytes, bench[direction].finished, bench.cuts], [0, false, []]);
    await over(bench);
  });

  Deno.test(`black_hole ${direction}: a session that lost bytes is closed when the rule expires`, async () => {
    const bench = onlyHere(BLACK_HOLE, 500);
    const { from, there } = ends(bench);
    await from.write(utf8("lost"));
    await bench.time.advance(499);
    assertEquals([there, bench.cuts], [[], []]);
    await bench.time.advance(1);
    assertEquals([there, bench.cuts], [[[500, "FIN"]], ["close"]]);
    assertEquals(await bench.end, { kind: "stopped" });
  });

  Deno.test(`black_hole ${direction}: a lone FIN passes when the rule expires, and so do later bytes`, async () => {
    const held = onlyHere(BLACK_HOLE, 500);
    await ends(held).from.closeWrite();
    await held.time.advance(1000);
    assertEquals([ends(held).there, held.cuts], [[[500, "FIN"]], []]);
    await over(held);
    const late = onlyHere(BLACK_HOLE, 500);
    await late.time.advance(1000);
    await ends(late).from.write(utf8("heard"));
    await late.time.advance(0);
    assertEquals([ends(late).there, late.cuts], [[[1000, utf8("heard")]], []]);
    await over(late);
  });

  Deno.test(`black_hole ${direction}: nothing passes between the expiry and the close, so that the stream has no gap`, async () => {
    const bench = onlyHere(BLACK_HOLE, 500);
    const { from, there } = ends(bench);
    await from.write(utf8("lost"));
    await settled();
    // The clock is past the expiry, and the timer that closes is late.
    bench.time.nowMs = 600;
    await from.write(utf8("gap"));
    await from.closeWrite();
    await settled();
    assertEquals([there, bench.cuts], [[], []]);
    await bench.time.advance(0);
    assertEquals([bytesOf(there), bench.cuts, bench[direction].finished], [
      new Uint8Array(),
      ["close"],
      false,
    ]);
    await over(bench);
  });

  for (const kind of ["reset", "close"] as const) {
    Deno.test(`${kind} ${direction}: the connection is not touched after the cut`, async () => {
      const bench = onlyHere({ kind, afterBytes: 3 });
      const { from } = ends(bench);
      const near = direction === "up" ? bench.nearTarget : bench.nearClient;
      const write = near.write.bind(near);
      let writesAfter = 0;
      near.write = (bytes): Promise<number> => {
        if (near.closes > 0) writesAfter++;
        return write(bytes);
      };
      await from.write(utf8("abcdef"));
      await bench.end;
      await settled();
      assertEquals([bench.cuts, near.closes, writesAfter], [[kind], 1, 0]);
    });

    Deno.test(`${kind} ${direction}: cuts after exactly that many bytes, however they arrive`, async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.integer({ min: 1, max: 40_000 }),
          fc.array(fc.integer({ min: 1, max: 20_000 }), { minLength: 1, maxLength: 6 }),
          async (afterBytes, sizes) => {
            const bench = onlyHere({ kind, afterBytes });
            const { from, there } = ends(bench);
            const sent = randomBytes(sizes.reduce((sum, size) => sum + size, 0));
            let at = 0;
            for (const size of sizes) {
              if (bench.cuts.length > 0) break;
              await sendAll(from, sent.subarray(at, at += size));
              await bench.time.advance(0);
            }
            const isCut = sent.length >= afterBytes;
            assertEquals(bench.cuts, isCut ? [kind] : []);
            if (!isCut) await from.closeWrite();
            await bench.time.advance(0);
            assertSameBytes(bytesOf(there), sent.subarray(0, afterBytes));
            assertStrictEquals(bench[direction].bytes, bytesOf(there).length);
            assertEquals(there.at(-1)?.[1], "FIN");
            if (isCut) assertEquals(await bench.end, { kind: "stopped" });
            await over(bench);
          },
        ),
        { numRuns: 12 },
      );
    });
  }

  for (const fault of [LATENCY, SLICE, SLOW, BLACK_HOLE, { kind: "close", afterBytes: 1 } as const]) {
    Deno.test(`${fault.kind}: a fault on the other direction leaves the flow ${direction} alone`, async () => {
      const bench = onlyThere(fault);
      const { from, there } = ends(bench);
      await sendAll(from, randomBytes(100_000));
      await from.closeWrite();
      await bench.time.advance(0);
      assertSameBytes(bytesOf(there), randomBytes(100_000));
      assertEquals(there.at(-1), [0, "FIN"]);
      assertEquals(bench.cuts, []);
      await over(bench);
    });
  }

  for (const fault of [LATENCY, SLICE, SLOW]) {
    Deno.test(`${fault.kind} ${direction}: stops acting on a live session when the rule expires`, async () => {
      const bench = onlyHere(fault, 15);
      const { from, there } = ends(bench);
      await from.write(new Uint8Array(3000));
      await bench.time.advance(14);
      assert(bytesOf(there).length < 3000, "it did not act before");
      await bench.time.advance(1);
      assertStrictEquals(bytesOf(there).length, 3000);
      await from.write(new Uint8Array(3000));
      await bench.time.advance(0);
      assertStrictEquals(bytesOf(there).length, 6000);
      assertStrictEquals(there.filter(([atMs]) => atMs === 15).at(-1)?.[1].length, 3000);
      await over(bench);
    });
  }
}

Deno.test("reset: cuts when due, counted from the start of the relay", async () => {
  const bench = FaultBench.with([faultRule({ kind: "reset", afterMs: 2000 })]);
  await bench.time.advance(1999);
  assertEquals(bench.cuts, []);
  await bench.time.advance(1);
  assertEquals(bench.cuts, ["reset"]);
  assertEquals(await bench.end, { kind: "stopped" });
  await over(bench);
});

Deno.test("close: with bytes and time, whichever comes first cuts, and only once", async () => {
  const rule = faultRule({ kind: "close", afterMs: 100, afterBytes: 10 });
  const byTime = FaultBench.with([rule]);
  await byTime.client.write(new Uint8Array(9));
  await byTime.time.advance(100);
  assertEquals([byTime.cuts, byTime.up.bytes], [["close"], 9]);
  const byBytes = FaultBench.with([rule, rule]);
  await byBytes.client.write(new Uint8Array(20));
  await byBytes.time.advance(1000);
  assertEquals([byBytes.cuts, byBytes.up.bytes], [["close"], 10]);
  await over(byTime);
  await over(byBytes);
});

Deno.test("close: without bytes or time cuts at once", async () => {
  for (
    const fault of [{ kind: "close" }, { kind: "close", afterMs: 0 }, {
      kind: "close",
      afterBytes: 0,
    }] as const
  ) {
    const bench = FaultBench.with([faultRule(fault)]);
    await bench.time.advance(0);
    assertEquals(bench.cuts, ["close"]);
    await over(bench);
  }
});

Deno.test("close: a rule that has expired does not cut a live session", async () => {
  for (const fault of [{ kind: "close", afterMs: 100 }, { kind: "close", afterBytes: 1 }] as const) {
    const bench = FaultBench.with([faultRule(fault, { expiresAtMs: 50 })]);
    await bench.time.advance(200);
    await bench.client.write(utf8("hello"));
    await bench.time.advance(0);
    assertEquals([bench.cuts, bytesOf(bench.atTarget)], [[], utf8("hello")]);
    await over(bench);
  }
});

Deno.test("faults: one that is withdrawn stops acting on live sessions at once", async () => {
  const slow: readonly Fault[] = [
    { kind: "latency", amountMs: 3_600_000, jitterMs: 0 },
    { kind: "slice", sizeBytes: 1, delayMs: 3_600_000 },
    { kind: "bandwidth", bytesPerSecond: 1 },
  ];
  for (const fault of slow) {
    const withdrawal = new AbortController();
    const bench = FaultBench.with([faultRule(fault, { withdrawn: withdrawal.signal })]);
    await bench.client.write(utf8("hello"));
    await bench.time.advance(100);
    assert(bytesOf(bench.atTarget).length <= 1, fault.kind);
    withdrawal.abort();
    await bench.time.advance(0);
    assertEquals(bytesOf(bench.atTarget), utf8("hello"), fault.kind);
    await bench.client.write(utf8("!"));
    await bench.time.advance(0);
    assertEquals(bytesOf(bench.atTarget), utf8("hello!"), fault.kind);
    await over(bench);
  }
});

Deno.test("faults: a cut that is withdrawn does not happen, and hits no new session", async () => {
  const withdrawal = new AbortController();
  const rule = faultRule({ kind: "close", afterMs: 100 }, { withdrawn: withdrawal.signal });
  const bench = FaultBench.with([rule]);
  withdrawal.abort();
  await bench.time.advance(200);
  assertEquals(bench.cuts, []);
  assertEquals(faultPlan([rule]).draw(CLIENT, 0), undefined);
  await over(bench);
});

Deno.test("black_hole: withdrawn, it lets pass what comes later, and closes a session that has lost bytes", async () => {
  for (const hasLost of [false, true]) {
    const withdrawal = new AbortController();
    const bench = FaultBench.with([
      faultRule(BLACK_HOLE, { withdrawn: withdrawal.signal, direction: "up" }),
    ]);
    if (hasLost) await bench.client.write(utf8("lost"));
    else await bench.client.closeWrite();
    await bench.time.advance(100);
    withdrawal.abort();
    await bench.time.advance(0);
    assertEquals(
      [bench.cuts, bench.atTarget.map(([, what]) => what)],
      hasLost ? [["close"], ["FIN"]] : [[], ["FIN"]],
    );
    await over(bench);
  }
});

Deno.test("faults: act one after the other in rule order", async () => {
  const bench = FaultBench.with([faultRule(LATENCY), faultRule(SLICE)]);
  await bench.client.write(utf8("abcdef"));
  await bench.time.advance(1000);
  assertEquals(bench.atTarget, [[100, utf8("abcd")], [110, utf8("ef")]]);
  await over(bench);
});

Deno.test("faults: act on the target's side of the app's own filters", async () => {
  const seen: number[] = [];
  const looking: Filter = () =>
    new TransformStream({
      transform(chunk, controller): void {
        seen.push(chunk.length);
        controller.enqueue(chunk);
      },
    });
  const bench = FaultBench.with([faultRule(SLICE)], { up: [looking], down: [looking] });
  await bench.client.write(utf8("abcdef"));
  await bench.time.advance(100);
  assertEquals(seen.splice(0), [6]);
  await bench.target.write(utf8("abcdef"));
  await bench.time.advance(100);
  assertEquals(seen, [4, 2]);
  await over(bench);
});

Deno.test("latency: a small chunk in flight does not pin its read buffer", async () => {
  const held: number[] = [];
  const looking: Filter = () =>
    new TransformStream({
      transform(chunk): void {
        held.push(chunk.buffer.byteLength);
      },
    });
  const bench = FaultBench.with([faultRule(LATENCY, { direction: "down" })], { down: [looking] });
  await bench.target.write(new Uint8Array(10));
  await bench.time.advance(100);
  assertEquals(held, [10]);
  await over(bench);
});

Deno.test("latency: each direction of a session has its own jitter", async () => {
  const bench = FaultBench.with([faultRule({ kind: "latency", amountMs: 1000, jitterMs: 1000 })]);
  await bench.client.write(utf8("up"));
  await bench.target.write(utf8("down"));
  await bench.time.advance(2000);
  assertNotEquals(bench.atTarget[0]?.[0], bench.atClient[0]?.[0]);
  await over(bench);
});

Deno.test("faults: keep half-close, and a finished relay leaves no wait behind", async () => {
  const bench = FaultBench.with(
    [LATENCY, SLICE, SLOW, { kind: "close", afterMs: 3_600_000 } as const].map((fault) => faultRule(fault)),
  );
  await bench.client.write(utf8("request"));
  await bench.client.closeWrite();
  await bench.time.advance(1000);
  assertEquals(bytesOf(bench.atTarget), utf8("request"));
  assertEquals(bench.atTarget.at(-1)?.[1], "FIN");
  await bench.target.write(utf8("reply"));
  await bench.target.closeWrite();
  await bench.time.advance(1000);
  assertEquals(bytesOf(bench.atClient), utf8("reply"));
  assertEquals(await bench.end, { kind: "finished", first: "up" });
  assertEquals([bench.time.waiting, bench.cuts], [0, []]);
  await over(bench);
});

for (const fault of WAITING) {
  Deno.test(`${fault.kind}: nothing is pending when the session is ended while it waits`, async () => {
    const bench = FaultBench.with([faultRule(fault)]);
    await bench.client.write(new Uint8Array(5000));
    await bench.target.write(new Uint8Array(5000));
    await bench.client.closeWrite();
    await bench.time.advance(5);
    bench.abort();
    assertEquals(await bench.end, { kind: "stopped" });
    assertEquals([bench.time.waiting, bench.nearClient.pending, bench.nearTarget.pending], [0, 0, 0]);
  });

  Deno.test(`${fault.kind}: a connection that fails ends the relay at once, with its side`, async () => {
    const bench = FaultBench.with([faultRule(fault)]);
    await bench.client.write(new Uint8Array(5000));
    await bench.time.advance(5);
    bench.target.reset();
    const end = await bench.end;
    assertEquals(end.kind === "failed" ? end.side : end.kind, "target");
    assertEquals([bench.time.waiting, bench.nearClient.pending, bench.nearTarget.pending], [0, 0, 0]);
  });
}

for (const [direction, side, other] of [["up", "client", "target"], ["down", "target", "client"]] as const) {
  const arrivals = (bench: FaultBench): Arrival[] => direction === "up" ? bench.atTarget : bench.atClient;

  Deno.test(`latency ${direction}: bytes in flight when the ${side} resets still arrive when due, then the end`, async () => {
    const bench = FaultBench.with([faultRule(LATENCY)]);
    await bench[side].write(utf8("last"));
    await bench.time.advance(10);
    await bench[side].write(utf8("words"));
    await bench.time.advance(10);
    bench[side].reset();
    await bench.time.advance(89);
    assertEquals([bench[direction].senderGoneMs, arrivals(bench)], [0, [[100, utf8("last")]]]);
    await bench.time.advance(1000);
    assertEquals(arrivals(bench), [[100, utf8("last")], [110, utf8("words")], [120, "FIN"]]);
    // Lingered for, a client's FIN waits its turn in the filters too.
    if (side === "target") await bench.client.closeWrite();
    await bench.time.advance(60_000);
    const end = await bench.end;
    assertEquals(end.kind === "failed" ? end.side : end.kind, side);
    await over(bench);
  });

  Deno.test(`bandwidth ${direction}: bytes that wait when the ${side} resets pass at the rate, as do those the ${other} still sends`, async () => {
    const bench = FaultBench.with([faultRule(SLOW)]);
    await bench[side].write(randomBytes(3500));
    await bench[other].write(randomBytes(60_000));
    await bench.time.advance(500);
    bench[side].reset();
    await bench.time.advance(10_000);
    assertSameBytes(bytesOf(arrivals(bench)), randomBytes(3500));
    // Lingered for, a client's FIN waits its turn in the filters too.
    if (side === "target") await bench.client.closeWrite();
    await bench.time.advance(60_000);
    const end = await bench.end;
    assertEquals(end.kind === "failed" ? end.side : end.kind, side);
    await over(bench);
  });

  Deno.test(`black_hole ${direction}: hides a reset of the ${side} too, until the session ends`, async () => {
    const bench = FaultBench.with([faultRule(BLACK_HOLE, { direction })]);
    await bench[side].write(utf8("lost"));
    await bench.time.advance(10);
    bench[side].reset();
    await bench.time.advance(3_600_000);
    assertEquals([arrivals(bench), bench[direction].senderGoneMs, bench[direction].reading], [[], 0, false]);
    bench.abort();
    const end = await bench.end;
    assertEquals(end.kind === "failed" ? end.side : end.kind, side);
    await over(bench);
  });
}

Deno.test("bandwidth up: also limits a client that is lingered for, and without it nothing does", async () => {
  for (const faults of [[faultRule(SLOW)], [faultRule(LATENCY, { direction: "down" })]]) {
    const bench = FaultBench.with(faults);
    await bench.target.write(utf8("go away"));
    await bench.time.advance(1000);
    bench.target.reset();
    const sending = sendAll(bench.client, new Uint8Array(1_000_000)).catch(() => {});
    await bench.time.advance(3000);
    assertEquals([bytesOf(bench.atClient), bench.nearTarget.closes], [utf8("go away"), 1]);
    if (faults[0]?.kind === "bandwidth") {
      assert(bench.nearClient.bytesRead < 100_000, "the limit does not hold");
    } else assertStrictEquals(bench.nearClient.bytesRead, 1_000_000);
    await over(bench);
    bench.client.close();
    await sending;
  }
});

/** Whether each of the first sessions is hit. */
function hitsOf(plan: FaultPlan, sessions = 200): boolean[] {
  return Array.from({ length: sessions }, () => plan.draw(CLIENT, 0) !== undefined);
}

function bytesOf(arrivals: readonly Arrival[]): Uint8Array {
  return concat(...arrivals.flatMap(([, what]) => what instanceof Uint8Array ? [what] : []));
}

async function sendAll(end: FaultBench["client"], bytes: Uint8Array): Promise<void> {
  for (let sent = 0; sent < bytes.length;) sent += await end.write(bytes.subarray(sent));
}

/** Ends a relay and sees that it leaves nothing behind. */
async function over(bench: FaultBench): Promise<void> {
  bench.abort();
  await bench.end;
  await settled();
  assertEquals([bench.time.waiting, bench.nearClient.pending, bench.nearTarget.pending], [0, 0, 0]);
}
