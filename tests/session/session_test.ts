import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { parseAddress } from "../../lib/base/mod.ts";
import { Dialer, type DialResult } from "../../lib/dial/mod.ts";
import { ClientTable } from "../../lib/limits/mod.ts";
import { type Candidate, Pool } from "../../lib/pool/mod.ts";
import { emptyConnectionState } from "../helpers/tls/tls_connection_state.ts";
import { utf8 } from "../helpers/bytes.ts";
import { randomBytes } from "../helpers/clients.ts";
import { type MemoryDuplex, memoryPipe } from "../helpers/connections/memory_duplex.ts";
import { collect, readSome } from "../helpers/connections/relay_bench.ts";
import { assertSameBytes } from "../helpers/same_bytes.ts";
import { nextTask, PromptDialer, SessionBench } from "../helpers/connections/session_bench.ts";
import {
  blackHole,
  echo,
  neverAnswering,
  neverReading,
  refusingAddress,
  resettingTarget,
  TestTarget,
} from "../helpers/targets.ts";

Deno.test("Session: a connection from its beginning to its end leaves nothing behind", async () => {
  await using target = new TestTarget(echo);
  const bench = new SessionBench(target.address);
  const running = bench.session.run();
  await bench.client.write(utf8("hello"));
  assertEquals(await readSome(bench.client), utf8("hello"));
  await bench.client.closeWrite();
  await running;
  await bench.assertEnded("client_closed");
  assertEquals([bench.session.up.bytes, bench.session.down.bytes, bench.session.tries], [5, 5, 1]);
});

for (const [activeIntervalMs, expected] of [[1000, [950, 1950]], [Infinity, []]] as const) {
  Deno.test(`Session: one that lasts is reported every ${activeIntervalMs} ms while it relays`, async () => {
    await using target = new TestTarget(echo);
    const bench = new SessionBench(target.address, { activeIntervalMs });
    bench.session.sweep(950, 0);
    assertEquals(bench.active, [], "it dials yet");
    const running = bench.session.run();
    await bench.client.write(utf8("hello"));
    assertEquals(await readSome(bench.client), utf8("hello"));
    // Its random numbers are all 0.5: each interval is a twentieth shorter.
    for (const nowMs of [949, 950, 951, 1899, 1950, 1951]) bench.session.sweep(nowMs, 0);
    assertEquals(bench.active, expected);
    await bench.client.closeWrite();
    await running;
    await bench.assertEnded("client_closed");
    bench.session.sweep(9999, 0);
    assertEquals(bench.active, expected);
  });
}

Deno.test("Session: no target that answers leaves nothing behind", async () => {
  const bench = new SessionBench(refusingAddress());
  await bench.session.run();
  await bench.assertEnded("no_target");
});

Deno.test("Session: where there is no target to dial it says why", async () => {
  for (
    const [specs, why] of [
      [[], "discovery has found no target"],
      [[{ address: parseAddress("127.0.0.1:1"), weight: 0 }], "every target has weight 0"],
    ] as const
  ) {
    const pool = new Pool(specs, { balance: "random" });
    const bench = new SessionBench(refusingAddress(), { app: { poolFor: () => pool } });
    await bench.session.run();
    await bench.assertEnded("no_target");
    assertEquals([bench.session.tries, bench.session.detail], [0, why]);
  }
});

Deno.test("Session: a client that resets while its target is dialed leaves nothing behind", async () => {
  using hole = await blackHole();
  const bench = new SessionBench(hole.address);
  const running = bench.session.run();
  bench.client.reset();
  // A dial that lasts until a sweep makes the session watch its client.
  bench.session.sweep(0, 0);
  await running;
  await bench.assertEnded("client_gone");
});

Deno.test("Session: a dial that answers before a sweep needs no timer and no read of its own", async () => {
  await using target = new TestTarget(echo);
  const bench = new SessionBench(target.address);
  const running = bench.session.run();
  await bench.client.write(utf8("hello"));
  assertEquals(await readSome(bench.client), utf8("hello"));
  assertStrictEquals(bench.session.pendingRead, undefined);
  await bench.client.closeWrite();
  await running;
});

Deno.test("Session: a target that resets leaves nothing behind", async () => {
  await using target = await resettingTarget((socket, reset) => {
    socket.once("data", reset);
  });
  const bench = new SessionBench(target.address);
  const running = bench.session.run();
  await bench.client.write(utf8("x"));
  await running;
  await bench.assertEnded("target_reset");
});

for (
  const [code, words] of [
    ["ECONNRESET", undefined],
    ["EPIPE", "the SIDE has closed the connection and takes no more (EPIPE)"],
    ["ENOTCONN", "the SIDE has closed the connection (ENOTCONN)"],
    ["ECONNABORTED", "the connection to the SIDE was aborted (ECONNABORTED)"],
    ["ETIMEDOUT", "the SIDE's host stopped answering (ETIMEDOUT)"],
    ["EHOSTUNREACH", "the SIDE's host cannot be reached any more (EHOSTUNREACH)"],
    ["EHOSTDOWN", "the SIDE's host is down (EHOSTDOWN)"],
    ["ENETUNREACH", "the SIDE's network cannot be reached any more (ENETUNREACH)"],
    ["ENETDOWN", "the network to the SIDE is down (ENETDOWN)"],
    ["ECONNREFUSED", "the SIDE's host, or a firewall before it, refuses what is sent (ECONNREFUSED)"],
    ["EACCES", "a firewall forbids the way to the SIDE (EACCES)"],
    ["ENETRESET", "the network dropped the connection to the SIDE (ENETRESET)"],
  ] as const
) {
  Deno.test(`Session: ${code} in mid-relay is the loss of that side, in words where the reason does not say it`, async () => {
    for (const side of ["client", "target"] as const) {
      const [far, conn] = memoryPipe();
      const bench = new SessionBench("127.0.0.1:1", { app: { dialer: new PromptDialer(0, () => conn) } });
      const running = bench.session.run();
      await bench.client.write(utf8("x"));
      assertEquals(await readSome(far), utf8("x"));
      (side === "client" ? bench.client : far).reset(Object.assign(new Error("os error"), { code }));
      await running;
      await bench.assertEnded(`${side}_reset`);
      assertEquals([bench.session.detail, bench.session.error], [
        words?.replace("SIDE", side) ?? "",
        undefined,
      ]);
    }
  });
}

Deno.test("Session: an error that is no loss of a connection is a defect of ours", async () => {
  const [far, conn] = memoryPipe();
  const bench = new SessionBench("127.0.0.1:1", { app: { dialer: new PromptDialer(0, () => conn) } });
  const running = bench.session.run();
  const error = new TypeError("a defect");
  far.reset(error);
  await running;
  await bench.assertEnded("error");
  assertEquals([bench.session.detail, bench.session.error], ["", error]);
});

Deno.test("Session.end: ends the dialing, and the first reason given stands", async () => {
  using hole = await blackHole();
  const bench = new SessionBench(hole.address);
  const running = bench.session.run();
  bench.session.end("killed");
  bench.session.end("drained");
  assertStrictEquals(bench.near.closes, 1);
  await running;
  await bench.assertEnded("killed");
});

Deno.test("Session.end: ends the relay, and both sockets are closed when it returns", async () => {
  await using target = new TestTarget(neverAnswering);
  const bench = new SessionBench(target.address);
  const running = bench.session.run();
  await target.connections(1);
  await bench.client.write(utf8("x"));
  bench.session.end("target_down");
  assertStrictEquals(bench.near.closes, 1);
  await running;
  await bench.assertEnded("target_down");
  await target.done(1);
});

Deno.test("Session.end: at any moment of the dial it leaves nothing behind", async () => {
  await using target = new TestTarget(neverAnswering);
  for (let turns = 0; turns < 30; turns++) {
    const bench = new SessionBench(target.address);
    const running = bench.session.run();
    for (let turn = 0; turn < turns; turn++) await (turn % 3 === 2 ? nextTask() : Promise.resolve());
    bench.session.end("killed");
    await running;
    await bench.assertEnded("killed");
  }
});

Deno.test("Session.end: of one that has ended changes nothing", async () => {
  const bench = new SessionBench(refusingAddress());
  await bench.session.run();
  bench.session.end("killed");
  await bench.assertEnded("no_target");
});

Deno.test("Session: an engine that fails where it must not costs this connection alone", async () => {
  await using target = new TestTarget(neverAnswering);
  const error = new Error("a defect");
  const bench = new SessionBench(target.address, {
    app: {
      engine: () => {
        throw error;
      },
    },
  });
  await bench.session.run();
  assertEquals([bench.session.reason, bench.session.error], ["error", error]);
  assertEquals([bench.ended.length, bench.near.closes], [1, 1]);
  assertEquals(bench.pool.targets.map(({ active }) => active), [0]);
  await target.done(1);
});

Deno.test("Session: one that is refused at the door costs its app's rate nothing, others do", async () => {
  for (const maxConnections of [0, 1]) {
    let refunds = 0;
    const bench = new SessionBench(refusingAddress(), {
      app: { admission: { clients: new ClientTable({ maxConnections }) } },
      place: { refund: () => void refunds++, [Symbol.dispose]: () => {} },
    });
    await bench.session.run();
    await bench.assertEnded(maxConnections === 0 ? "limit" : "no_target");
    assertStrictEquals(refunds, maxConnections === 0 ? 1 : 0);
  }
});

Deno.test("Session: an admitted client is counted off where the rest of the entry fails", async () => {
  const clients = new ClientTable({ maxConnections: 1 });
  const bench = new SessionBench(refusingAddress(), {
    app: {
      admission: { clients },
      poolFor: () => {
        throw new Error("a defect");
      },
    },
  });
  await bench.session.run();
  await bench.assertEnded("error");
  assertStrictEquals(clients.active("192.0.2.1"), 0);
});

Deno.test("Session.end: what it interrupts in the entry adds no words of its own", async () => {
  const bench = new SessionBench(refusingAddress(), {
    app: {
      inspect: {
        tls: {
          accept: (_raw, { signal }) =>
            new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
        },
      },
    },
  });
  const running = bench.session.run();
  await nextTask();
  bench.session.end("max_lifetime");
  await running;
  await bench.assertEnded("max_lifetime");
  assertStrictEquals(bench.session.detail, "");
});

Deno.test("Session.end: what the entry has made of the connection is closed too", async () => {
  const { promise: accepting, resolve } = Promise.withResolvers<void>();
  const [, plain] = memoryPipe();
  const bench = new SessionBench(refusingAddress(), {
    app: {
      inspect: {
        tls: {
          accept: async () => {
            await accepting;
            return { conn: plain, sni: undefined, alpn: undefined, connectionState: emptyConnectionState };
          },
        },
      },
    },
  });
  const running = bench.session.run();
  await nextTask();
  resolve();
  bench.session.end("killed");
  await running;
  await bench.assertEnded("killed");
  assertStrictEquals(plain.closes, 1);
});

/** Answers a dial when the test says so. */
class WaitingDialer extends Dialer<Candidate> {
  readonly #answer = Promise.withResolvers<MemoryDuplex>();

  constructor() {
    super({ connectTimeoutMs: 5000, connectDeadlineMs: 5000 });
  }

  answer(conn: MemoryDuplex): void {
    this.#answer.resolve(conn);
  }

  override async dial(next: () => Candidate | undefined): Promise<DialResult<Candidate>> {
    const target = next();
    const conn = await this.#answer.promise;
    if (target === undefined) return { kind: "exhausted", tries: 0, timedOut: false, failures: [] };
    return { kind: "connected", conn, target, connectMs: 1, tries: 1, failures: [] };
  }
}

Deno.test("Session: what a client says in pieces while its target is dialed is kept, up to a bound, and goes first", async () => {
  for (const ends of [true, false]) {
    const dialer = new WaitingDialer();
    const [far, conn] = memoryPipe();
    const bench = new SessionBench("127.0.0.1:1", { app: { dialer } });
    const running = bench.session.run();
    const sent = randomBytes(ends ? 2000 : 200_000);
    for (let at = 0; at < sent.length; at += 100) {
      await bench.client.write(sent.subarray(at, at + 100));
      bench.session.sweep(0, 0);
    }
    if (ends) await bench.client.closeWrite();
    await nextTask();
    bench.session.sweep(0, 0);
    await nextTask();
    // Of a client that sends on, no more than this is held.
    if (ends) assertStrictEquals(bench.near.bytesRead, 2000);
    else assert(bench.near.bytesRead <= 4096 + 512, `${bench.near.bytesRead} bytes are held`);
    dialer.answer(conn);
    if (!ends) await bench.client.closeWrite();
    assertSameBytes(await collect(far), sent);
    await far.closeWrite();
    await running;
    await bench.assertEnded("client_closed");
    assertStrictEquals(bench.session.up.bytes, sent.length);
  }
});

/** Has no file descriptor for a dial until its deadline. */
class StarvedDialer extends Dialer<Candidate> {
  override dial(next: () => Candidate | undefined): Promise<DialResult<Candidate>> {
    next();
    return Promise.resolve({ kind: "exhausted", tries: 0, timedOut: true, failures: [] });
  }
}

Deno.test("Session: a dial that found no file descriptor says so", async () => {
  const dialer = new StarvedDialer({ connectTimeoutMs: 5000, connectDeadlineMs: 5000 });
  const bench = new SessionBench("127.0.0.1:1", { app: { dialer } });
  await bench.session.run();
  await bench.assertEnded("no_target");
  assertStrictEquals(bench.session.detail, "no file descriptor was free in time");
});

Deno.test("Session: a silent client that finishes at any moment of the dial gets what the target says", async () => {
  for (let turns = 0; turns < 20; turns++) {
    const [far, conn] = memoryPipe();
    const bench = new SessionBench("127.0.0.1:1", { app: { dialer: new PromptDialer(turns, () => conn) } });
    const running = bench.session.run();
    for (let turn = 0; turn < 10; turn++) await Promise.resolve();
    // Where the dial lasts that long, the client is watched.
    bench.session.sweep(0, 0);
    void bench.client.closeWrite();
    await far.write(utf8("220 ready"));
    await far.closeWrite();
    assertEquals(await collect(bench.client), utf8("220 ready"));
    assertEquals(await collect(far), new Uint8Array());
    await running;
    await bench.assertEnded("client_closed");
  }
});

Deno.test("Session: its place is given back once, when it has ended", async () => {
  let given = 0;
  const bench = new SessionBench(refusingAddress(), { place: { [Symbol.dispose]: () => given++ } });
  assertStrictEquals(given, 0);
  await bench.session.run();
  assertStrictEquals(given, 1);
});

Deno.test("Session: a target that takes nothing of the prefetched bytes is idle at the limit, and they are not held beyond", async () => {
  const [, conn] = memoryPipe({ capacity: 10 });
  const bench = new SessionBench("127.0.0.1:1", {
    app: {
      idleTimeoutMs: 1000,
      dialer: new PromptDialer(0, () => conn),
      inspect: { clientHello: { timeoutMs: 1000, isNeeded: true } },
    },
  });
  const running = bench.session.run();
  await bench.client.write(utf8("no hello of TLS, and longer than the target takes"));
  while (bench.session.up.bytes < 10) await nextTask();
  assertStrictEquals(bench.session.prefetched, undefined);
  bench.session.sweep(1000, 0);
  await running;
  await bench.assertEnded("idle_timeout");
  assertEquals([bench.session.up.bytes, conn.closes, conn.pending], [10, 1, 0]);
});

const LIMITS = { idleTimeoutMs: 1000, halfCloseTimeoutMs: 300, maxLifetimeMs: 10_000 };
const SLACK_MS = 50;

Deno.test("Session.sweep: idle is over at the limit and the slack of the ticker, not before", async () => {
  await using target = new TestTarget(neverAnswering);
  const bench = new SessionBench(target.address, { app: LIMITS });
  const { running } = await relaying(bench, target);
  bench.session.sweep(bench.session.lastByteMs + 1000 + SLACK_MS - 1, SLACK_MS);
  assertStrictEquals(bench.session.reason, undefined);
  bench.session.sweep(bench.session.lastByteMs + 1000 + SLACK_MS, SLACK_MS);
  await running;
  await bench.assertEnded("idle_timeout");
});

Deno.test("Session.sweep: the half-close limit holds from the FIN on, not before", async () => {
  await using target = new TestTarget(neverReading);
  const bench = new SessionBench(target.address, { app: LIMITS });
  const { running } = await relaying(bench, target);
  bench.session.sweep(bench.session.lastByteMs + 300 + SLACK_MS, SLACK_MS);
  assertStrictEquals(bench.session.reason, undefined);
  bench.nowMs = 500;
  await bench.client.closeWrite();
  while (!bench.session.up.finished) await nextTask();
  bench.session.sweep(500 + 300 + SLACK_MS - 1, SLACK_MS);
  assertStrictEquals(bench.session.reason, undefined);
  bench.session.sweep(500 + 300 + SLACK_MS, SLACK_MS);
  await running;
  await bench.assertEnded("half_close_timeout");
});

Deno.test("Session.sweep: a lifetime is shortened by up to a tenth, at random", async () => {
  await using target = new TestTarget(neverAnswering);
  const bench = new SessionBench(target.address, { app: LIMITS });
  const { running } = await relaying(bench, target);
  bench.session.up.lastByteMs = 9499;
  bench.session.sweep(9499, SLACK_MS);
  assertStrictEquals(bench.session.reason, undefined);
  bench.session.sweep(9500, SLACK_MS);
  await running;
  await bench.assertEnded("max_lifetime");
});

/** Runs the session until a byte has passed; gives what resolves at its end. */
async function relaying(bench: SessionBench, target: TestTarget): Promise<{ running: Promise<void> }> {
  const running = bench.session.run();
  await target.connections(1);
  await bench.client.write(utf8("x"));
  while (bench.session.up.bytes === 0) await nextTask();
  return { running };
}

Deno.test("Session: a target has proved itself when the sweep finds its first byte, and is not reported again", async () => {
  await using target = new TestTarget(echo);
  const bench = new SessionBench(target.address);
  const running = bench.session.run();
  await target.connections(1);
  bench.session.sweep(0, 0);
  assertEquals(bench.reports, []);
  await bench.client.write(utf8("hello"));
  await readSome(bench.client);
  assertEquals(bench.reports, []);
  for (let count = 0; count < 2; count++) bench.session.sweep(0, 0);
  assertEquals(bench.reports, ["succeeded"]);
  bench.client.reset();
  await running;
  assertEquals(bench.reports, ["succeeded"]);
});

Deno.test("Session: a target that resets after a byte of its own has not failed", async () => {
  await using target = await resettingTarget((socket, reset) => {
    socket.once("data", () => socket.write("x", () => socket.once("data", reset)));
  });
  const bench = new SessionBench(target.address);
  const running = bench.session.run();
  await bench.client.write(utf8("x"));
  await readSome(bench.client);
  await bench.client.write(utf8("x"));
  // The client is listened to until it has finished, so that it gets all that the target said.
  await bench.client.closeWrite();
  await running;
  assertEquals([bench.session.reason, bench.reports], ["target_reset", ["succeeded"]]);
});

Deno.test("Session: a target that resets before its first byte has failed, and so has one that refuses", async () => {
  await using target = await resettingTarget((socket, reset) => void socket.once("data", reset));
  const bench = new SessionBench(target.address);
  const running = bench.session.run();
  await bench.client.write(utf8("x"));
  await running;
  assertEquals([bench.session.reason, bench.reports], ["target_reset", ["failed"]]);
  const refused = new SessionBench(refusingAddress());
  await refused.session.run();
  assertEquals([refused.session.reason, refused.reports], ["no_target", ["failed"]]);
});

Deno.test("Session: a target that says nothing has proved itself by a clean end alone", async () => {
  await using target = new TestTarget(neverAnswering);
  for (const end of ["finished", "reset", "idle"] as const) {
    const bench = new SessionBench(target.address, { app: LIMITS });
    const running = bench.session.run();
    await bench.client.write(utf8("x"));
    while (bench.session.up.bytes === 0) await nextTask();
    if (end === "finished") await bench.client.closeWrite();
    else if (end === "reset") bench.client.reset();
    else bench.session.sweep(LIMITS.idleTimeoutMs, 0);
    await running;
    assertEquals([end, bench.reports], [end, end === "finished" ? ["succeeded"] : []]);
  }
});

for (const keepalive of [true, false]) {
  Deno.test(`Session: keepalive ${keepalive ? "is asked for on both sides once a sweep finds the relay" : "off asks for nothing"}`, async () => {
    const asked: string[] = [];
    const [far, conn] = memoryPipe();
    Object.assign(conn, { setKeepAlive: (on: boolean) => asked.push(`target ${on}`) });
    const bench = new SessionBench("127.0.0.1:1", {
      app: { keepalive, dialer: new PromptDialer(0, () => conn) },
    });
    Object.assign(bench.near, { setKeepAlive: (on: boolean) => asked.push(`client ${on}`) });
    const running = bench.session.run();
    await bench.client.write(utf8("x"));
    assertEquals(await readSome(far), utf8("x"));
    // A connection that ends before a sweep pays for nothing.
    assertEquals(asked, []);
    for (let sweep = 0; sweep < 2; sweep++) bench.session.sweep(0, 0);
    assertEquals(asked, keepalive ? ["client true", "target true"] : []);
    bench.session.end("killed");
    await running;
  });
}

Deno.test("Session: a side that takes no keepalive, as it was reset, is no defect of ours", async () => {
  const [far, conn] = memoryPipe();
  const refuse = (): void => {
    throw Object.assign(new Error("invalid argument"), { code: "EINVAL" });
  };
  Object.assign(conn, { setKeepAlive: refuse });
  const bench = new SessionBench("127.0.0.1:1", {
    app: { keepalive: true, dialer: new PromptDialer(0, () => conn) },
  });
  const running = bench.session.run();
  await bench.client.write(utf8("x"));
  assertEquals(await readSome(far), utf8("x"));
  bench.session.sweep(0, 0);
  await Promise.all([bench.client.closeWrite(), far.closeWrite()]);
  await running;
  await bench.assertEnded("client_closed");
});
