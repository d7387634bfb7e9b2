import { lookup } from "node:dns/promises";
import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { type Address, parseAddress } from "../../lib/base/mod.ts";
import {
  Dialer,
  type DialFailure,
  type DialObserver,
  DialPause,
  type DialTarget,
  FdPressure,
  type Preamble,
} from "../../lib/dial/mod.ts";
import { FakeTime } from "../helpers/fakes/fake_time.ts";
import { blackHole, neverAnswering, refusingAddress, TestTarget } from "../helpers/targets.ts";

/** A dialer with room for anything, unless set otherwise, that keeps what it observes. */
class Bench implements DialObserver<DialTarget> {
  readonly dialer: Dialer<DialTarget>;
  readonly answered: Address[] = [];
  readonly failed: DialFailure<DialTarget>[] = [];
  readonly starved: unknown[] = [];

  constructor(
    options: { connectTimeoutMs?: number; connectDeadlineMs?: number; fdPressure?: FdPressure } = {},
  ) {
    this.dialer = new Dialer({
      connectTimeoutMs: 5000,
      connectDeadlineMs: 15000,
      ...options,
      observer: this,
    });
  }

  dialed(target: DialTarget): void {
    this.answered.push(target.address);
  }

  dialFailed(failure: DialFailure<DialTarget>): void {
    this.failed.push(failure);
  }

  dialStarved(_target: DialTarget, error: unknown): void {
    this.starved.push(error);
  }
}

/** Gives the addresses one after the other, and counts how often it was asked. */
function candidates(...addresses: string[]): { next: () => DialTarget | undefined; asked: () => number } {
  let asked = 0;
  return {
    next: () => {
      const address = addresses[asked++];
      return address === undefined ? undefined : { address: parseAddress(address) };
    },
    asked: () => asked,
  };
}

const FOREVER = new AbortController().signal;

Deno.test("Dialer: returns the first candidate that answers, and asks for no other", async () => {
  await using target = new TestTarget(neverAnswering);
  const bench = new Bench();
  const list = candidates(target.address, refusingAddress());
  const result = await bench.dialer.dial(list.next, FOREVER);
  assertStrictEquals(result.kind, "connected");
  if (result.kind !== "connected") return;
  result.conn.close();
  assertEquals([result.tries, result.failures, list.asked()], [1, [], 1]);
  assertEquals(result.target.address, parseAddress(target.address));
  assertEquals([bench.answered.length, bench.failed.length], [1, 0]);
});

Deno.test("Dialer: lists earlier failures in order, each once", async () => {
  await using target = new TestTarget(neverAnswering);
  const bench = new Bench();
  const dead = [refusingAddress(), "bad.target.invalid:80"];
  const result = await bench.dialer.dial(candidates(...dead, target.address).next, FOREVER);
  if (result.kind === "connected") result.conn.close();
  assertEquals([result.kind, result.tries], ["connected", 3]);
  assertEquals(
    result.failures.map(({ target: { address }, code }) => [address, code]),
    [[parseAddress(dead[0] ?? ""), "ECONNREFUSED"], [parseAddress(dead[1] ?? ""), "ENOTFOUND"]],
  );
  assertEquals(bench.failed, result.failures);
});

Deno.test("Dialer: is exhausted when no candidate is left, or there was none", async () => {
  const bench = new Bench();
  const result = await bench.dialer.dial(candidates(refusingAddress(), refusingAddress()).next, FOREVER);
  assertEquals([result.kind, result.tries, result.failures.length], ["exhausted", 2, 2]);
  assertEquals(await bench.dialer.dial(() => undefined, FOREVER), {
    kind: "exhausted",
    tries: 0,
    timedOut: false,
    failures: [],
  });
});

Deno.test("Dialer: dials of one dialer share no list of failures", async () => {
  const bench = new Bench();
  const first = await bench.dialer.dial(() => undefined, FOREVER);
  await bench.dialer.dial(candidates(refusingAddress()).next, FOREVER);
  assertEquals(first.failures, []);
});

Deno.test("Dialer: connectTimeoutMs limits one dial, which then fails with ETIMEDOUT", async () => {
  using hole = await blackHole();
  await using target = new TestTarget(neverAnswering);
  const bench = new Bench({ connectTimeoutMs: 60 });
  const result = await bench.dialer.dial(candidates(hole.address, target.address).next, FOREVER);
  if (result.kind === "connected") result.conn.close();
  assertStrictEquals(result.kind, "connected");
  const [failure] = result.failures;
  assertEquals([failure?.code, failure?.message], ["ETIMEDOUT", "no answer within 60 ms"]);
  assert((failure?.durationMs ?? 0) >= 59, `it gave up after ${failure?.durationMs} ms`);
});

Deno.test("Dialer: connectDeadlineMs limits all dials, and the result says so", async () => {
  using hole = await blackHole();
  const bench = new Bench({ connectTimeoutMs: 60, connectDeadlineMs: 90 });
  const list = candidates(hole.address, hole.address, hole.address, hole.address);
  const result = await bench.dialer.dial(list.next, FOREVER);
  assertStrictEquals(result.kind, "exhausted");
  if (result.kind !== "exhausted") return;
  assertEquals([result.timedOut, result.tries, list.asked()], [true, 2, 3]);
});

Deno.test("Dialer: a wait for the next candidate does not count towards connectDeadlineMs", async () => {
  await using target = new TestTarget(neverAnswering);
  const bench = new Bench({ connectDeadlineMs: 50 });
  const result = await bench.dialer.dial(async () => {
    await new Promise((resolve) => setTimeout(resolve, 100));
    return { address: parseAddress(target.address) };
  }, FOREVER);
  if (result.kind === "connected") result.conn.close();
  assertStrictEquals(result.kind, "connected");
});

Deno.test("Dialer: an abort while it waits for the next candidate ends the dialing", async () => {
  const controller = new AbortController();
  const next = Promise.withResolvers<undefined>();
  const dialing = new Bench().dialer.dial(() => next.promise, controller.signal);
  controller.abort();
  next.resolve(undefined);
  assertEquals(await dialing, { kind: "aborted", tries: 0, failures: [] });
});

Deno.test("Dialer: an abort ends the pending dial, and no other begins", async () => {
  using hole = await blackHole();
  const bench = new Bench();
  const controller = new AbortController();
  const list = candidates(hole.address, hole.address);
  const dialing = bench.dialer.dial(list.next, controller.signal);
  controller.abort();
  assertEquals(await dialing, { kind: "aborted", tries: 1, failures: [] });
  assertEquals([list.asked(), bench.failed.length], [1, 0]);
});

Deno.test("Dialer: connects to nothing when aborted before it began", async () => {
  await using target = new TestTarget(neverAnswering);
  const result = await new Bench().dialer.dial(candidates(target.address).next, AbortSignal.abort());
  assertStrictEquals(result.kind, "aborted");
});

Deno.test("Dialer: an abort while the connection is made leaves no connection open", async () => {
  await using target = new TestTarget(neverAnswering);
  const bench = new Bench();
  // At every microtask of the dial once; what is left open is reported by the sanitizer.
  for (let turns = 0; turns < 40; turns++) {
    const controller = new AbortController();
    const dialing = bench.dialer.dial(candidates(target.address).next, controller.signal);
    for (let turn = 0; turn < turns; turn++) await (turn % 4 === 3 ? nextTask() : Promise.resolve());
    controller.abort();
    const result = await dialing;
    if (result.kind === "connected") result.conn.close();
  }
});

Deno.test("Dialer: closes connections that the kernel completes while this thread is busy and then aborts", async () => {
  const total = 20;
  await using target = new TestTarget(neverAnswering);
  const bench = new Bench();
  const controller = new AbortController();
  // Out of a timer the loop looks for what has happened on sockets before it calls the next timer, and tells after it.
  await nextTask();
  const dialing = Array.from(
    { length: total },
    () => bench.dialer.dial(candidates(target.address).next, controller.signal),
  );
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
  setTimeout(() => controller.abort(), 5);
  for (const untilMs = performance.now() + 30; performance.now() < untilMs;);
  for (const result of await Promise.all(dialing)) if (result.kind === "connected") result.conn.close();
  // All were made; what is left open is reported by the sanitizer.
  await target.connections(total);
});

Deno.test("Dialer: closes a connection that is made as the session ends", async () => {
  await using target = new TestTarget(neverAnswering);
  const controller = new AbortController();
  const result = await new Bench().dialer.dial(candidates(target.address).next, controller.signal, (conn) => {
    controller.abort();
    return Promise.resolve(conn);
  });
  assertEquals(result, { kind: "aborted", tries: 1, failures: [] });
  await target.done(1);
});

Deno.test("Dialer: opening is part of the dial, and its connection is the result", async () => {
  await using target = new TestTarget(neverAnswering);
  const bench = new Bench();
  const seen: string[] = [];
  const result = await bench.dialer.dial(candidates(target.address).next, FOREVER, (conn, { address }) => {
    seen.push(address.kind);
    return Promise.resolve({
      read: (buffer) => conn.read(buffer),
      write: (bytes) => conn.write(bytes),
      closeWrite: () => conn.closeWrite(),
      close: () => {
        seen.push("closed");
        conn.close();
      },
    });
  });
  if (result.kind === "connected") result.conn.close();
  assertEquals([result.kind, seen], ["connected", ["tcp", "closed"]]);
});

Deno.test("Dialer: a failed opening is the target's failure, and the next target is dialed", async () => {
  await using broken = new TestTarget(neverAnswering);
  await using target = new TestTarget(neverAnswering);
  const bench = new Bench();
  const result = await bench.dialer.dial(
    candidates(broken.address, target.address).next,
    FOREVER,
    (conn, { address }) => {
      if (address.kind === "tcp" && address.port !== broken.port) return Promise.resolve(conn);
      conn.close();
      return Promise.reject(Object.assign(new Error("handshake failed"), { code: "EPROTO" }));
    },
  );
  if (result.kind === "connected") result.conn.close();
  assertEquals([result.kind, result.tries], ["connected", 2]);
  assertEquals(result.failures.map(({ code, message }) => [code, message]), [["EPROTO", "handshake failed"]]);
});

Deno.test("Dialer: an opening that takes too long times out with the dial", async () => {
  await using target = new TestTarget(neverAnswering);
  const bench = new Bench({ connectTimeoutMs: 60 });
  const result = await bench.dialer.dial(
    candidates(target.address).next,
    FOREVER,
    (conn, _target, signal) =>
      new Promise((_, reject) => {
        signal.addEventListener("abort", () => {
          conn.close();
          reject(signal.reason);
        });
      }),
  );
  assertEquals([result.kind, result.failures.map(({ code }) => code)], ["exhausted", ["ETIMEDOUT"]]);
});

Deno.test("Dialer: connects to a unix socket, and fails where there is none", async () => {
  const directory = await Deno.makeTempDir();
  {
    await using target = new TestTarget(neverAnswering, { path: `${directory}/there` });
    const list = candidates(`unix:${directory}/not-there`, target.address);
    const result = await new Bench().dialer.dial(list.next, FOREVER);
    if (result.kind === "connected") result.conn.close();
    assertEquals([result.kind, result.failures.map(({ code }) => code)], ["connected", ["ENOENT"]]);
  }
  await Deno.remove(directory, { recursive: true });
});

Deno.test("Dialer: tries every address of a name", async () => {
  for (const { address: hostname } of await lookup("localhost", { all: true })) {
    await using target = new TestTarget(neverAnswering, { hostname });
    const result = await new Bench().dialer.dial(candidates(`localhost:${target.port}`).next, FOREVER);
    if (result.kind === "connected") result.conn.close();
    assertStrictEquals(result.kind, "connected", hostname);
  }
});

/** An opening for which there is no file descriptor until `isThere` says so. */
function starvedUntil(isThere: () => boolean): Preamble<DialTarget> {
  return (conn) => {
    if (isThere()) return Promise.resolve(conn);
    conn.close();
    return Promise.reject(Object.assign(new Error("Too many open files"), { code: "EMFILE" }));
  };
}

Deno.test("Dialer: a dial without a file descriptor waits for one, and holds listeners meanwhile", async () => {
  await using target = new TestTarget(neverAnswering);
  const fdPressure = new FdPressure();
  const bench = new Bench({ fdPressure });
  let tries = 0;
  const holds: unknown[] = [];
  const opening = starvedUntil(() => {
    holds.push(fdPressure.hold(FOREVER));
    return ++tries === 3;
  });
  const result = await bench.dialer.dial(candidates(target.address).next, FOREVER, opening);
  if (result.kind === "connected") result.conn.close();
  assertEquals([result.kind, result.tries, result.failures, bench.starved.length], ["connected", 1, [], 2]);
  assertEquals(holds.map((hold) => hold !== undefined), [false, true, true]);
  await Promise.all(holds);
  assertStrictEquals(fdPressure.hold(FOREVER), undefined);
});

Deno.test("Dialer: the younger of the dials that wait in vain for a file descriptor give way, out of time", async () => {
  await using target = new TestTarget(neverAnswering);
  const time = new FakeTime();
  const bench = new Bench({
    fdPressure: new FdPressure({ clock: time.clock }),
    connectDeadlineMs: 3_600_000,
  });
  let isThere = false;
  const dials = [1, 2, 3].map(() =>
    bench.dialer.dial(candidates(target.address).next, FOREVER, starvedUntil(() => isThere))
  );
  while (bench.starved.length < 3) await nextTask();
  time.nowMs = 1000;
  assertEquals(await dials[2], { kind: "exhausted", tries: 0, timedOut: true, failures: [] });
  isThere = true;
  for (const result of await Promise.all(dials.slice(0, 2))) {
    if (result.kind === "connected") result.conn.close();
    assertStrictEquals(result.kind, "connected");
  }
});

Deno.test("Dialer: a dial that ends while it waits for a file descriptor no longer holds listeners", async () => {
  await using target = new TestTarget(neverAnswering);
  const fdPressure = new FdPressure();
  const bench = new Bench({ fdPressure });
  const controller = new AbortController();
  const list = candidates(target.address);
  const dialing = bench.dialer.dial(list.next, controller.signal, starvedUntil(() => false));
  while (bench.starved.length < 1) await nextTask();
  controller.abort();
  assertStrictEquals((await dialing).kind, "aborted");
  assertStrictEquals(fdPressure.hold(FOREVER), undefined);
});

function nextTask(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

Deno.test("Dialer: limits longer than a timer can hold do not expire at once", async () => {
  await using target = new TestTarget(neverAnswering);
  const monthMs = 30 * 24 * 3_600_000;
  const bench = new Bench({ connectTimeoutMs: monthMs, connectDeadlineMs: monthMs });
  // A dial that waits for a file descriptor or an answer, as an opening does here, must not be timed out.
  const result = await bench.dialer.dial(candidates(target.address).next, FOREVER, async (conn) => {
    await new Promise((resolve) => setTimeout(resolve, 20));
    return conn;
  });
  assertStrictEquals(result.kind, "connected");
  if (result.kind === "connected") result.conn.close();
});

/** Gives these targets and pauses one after the other. */
function steps(...list: readonly (DialTarget | DialPause)[]): () => DialTarget | DialPause | undefined {
  const left = [...list];
  return () => left.shift();
}

Deno.test("Dialer: after a pause the same target is dialed again, and each dial is a try", async () => {
  const address = refusingAddress();
  const dead = { address: parseAddress(address) };
  await using target = new TestTarget(neverAnswering);
  const bench = new Bench();
  const next = steps(dead, new DialPause(1), dead, new DialPause(1), {
    address: parseAddress(target.address),
  });
  const result = await bench.dialer.dial(next, FOREVER);
  if (result.kind === "connected") result.conn.close();
  assertEquals([result.kind, result.tries, result.failures.length], ["connected", 3, 2]);
});

Deno.test("Dialer: a pause counts towards the deadline, and one that would outlast it does not begin", async () => {
  const dead = { address: parseAddress(refusingAddress()) };
  const bench = new Bench({ connectDeadlineMs: 5000 });
  const result = await bench.dialer.dial(steps(dead, new DialPause(3_600_000), dead), FOREVER);
  assertEquals([result.kind, result.tries], ["exhausted", 1]);
  const short = new Bench({ connectDeadlineMs: 50 });
  const pauses = Array.from({ length: 100 }, () => [dead, new DialPause(10)]).flat();
  const { kind, tries } = await short.dialer.dial(steps(...pauses), FOREVER);
  assert(kind === "exhausted" && tries <= 6, `${tries} dials, 10 ms apart, within 50 ms`);
});

Deno.test("Dialer: a pause ends at once with the dialing", async () => {
  const dead = { address: parseAddress(refusingAddress()) };
  const bench = new Bench({ connectDeadlineMs: 3_600_000 });
  const controller = new AbortController();
  const dialing = bench.dialer.dial(
    () => {
      if (bench.failed.length === 0) return dead;
      setTimeout(() => controller.abort(), 1);
      return new DialPause(1_800_000);
    },
    controller.signal,
  );
  const result = await dialing;
  assertEquals([result.kind, result.tries], ["aborted", 1]);
});
