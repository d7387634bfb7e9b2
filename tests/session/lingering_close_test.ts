/** How long a session outlasts one of its sides, engine by engine. */
import { assertEquals, assertStrictEquals } from "@std/assert";
import { utf8 } from "../helpers/bytes.ts";
import { randomBytes } from "../helpers/clients.ts";
import {
  type MemoryDuplex,
  memoryPipe,
  type MemoryPipeOptions,
} from "../helpers/connections/memory_duplex.ts";
import { collect, quiet } from "../helpers/connections/relay_bench.ts";
import { assertSameBytes } from "../helpers/same_bytes.ts";
import { SESSION_ENGINES, type SessionEngine } from "../helpers/connections/session_engines.ts";
import { nextTask, PromptDialer, SessionBench } from "../helpers/connections/session_bench.ts";

const WORDS = randomBytes(50_000);
const SLOW: MemoryPipeOptions = { capacity: 1000 };
const SLACK_MS = 50;
const QUIET_MS = 5000;
const TOTAL_MS = 30_000;

/** A session in mid-relay, with the far end of its target. */
class Relaying extends SessionBench {
  readonly target: MemoryDuplex;
  readonly nearTarget: MemoryDuplex;
  readonly running: Promise<void>;

  constructor(
    engine: SessionEngine,
    options: { client?: MemoryPipeOptions; target?: MemoryPipeOptions; idleTimeoutMs?: number } = {},
  ) {
    const [target, nearTarget] = memoryPipe(options.target);
    super("127.0.0.1:1", {
      ...(options.client && { client: options.client }),
      engine: engine.create,
      app: {
        dialer: new PromptDialer(0, () => nearTarget),
        idleTimeoutMs: options.idleTimeoutMs ?? 60_000,
        // Shorter than anything here: it must concern nobody.
        halfCloseTimeoutMs: 300,
        maxLifetimeMs: 3_600_000,
      },
    });
    this.target = target;
    this.nearTarget = nearTarget;
    this.running = this.session.run();
  }

  /** The clock goes on, and the session is swept. */
  async sweepAt(nowMs: number): Promise<void> {
    await nextTask();
    this.nowMs = nowMs;
    this.session.sweep(nowMs, SLACK_MS);
    await nextTask();
  }

  get isOver(): boolean {
    return this.ended.length > 0;
  }
}

async function say(end: MemoryDuplex, bytes: Uint8Array): Promise<void> {
  for (let said = 0; said < bytes.length;) said += await end.write(bytes.subarray(said));
}

function reset(): Error {
  return new Deno.errors.ConnectionReset("connection reset by peer");
}

for (const engine of SESSION_ENGINES) {
  const { name } = engine;

  /** A session of which the target is gone, and the client has got everything. */
  const lingering = async (): Promise<Relaying> => {
    const bench = new Relaying(engine);
    await say(bench.target, WORDS);
    bench.target.reset();
    assertSameBytes(await collect(bench.client), WORDS);
    return bench;
  };

  Deno.test(`Session, ${name}: a client that got everything of a target that is gone is waited for until it closes`, async () => {
    const bench = await lingering();
    await say(bench.client, randomBytes(100_000));
    await nextTask();
    // The target is done with: its place is free, and the pool knows how it went.
    assertEquals([bench.nearTarget.closes, bench.near.closes, bench.isOver], [1, 0, false]);
    assertEquals([bench.pool.targets[0]?.active, bench.reports], [0, ["succeeded"]]);
    await bench.client.closeWrite();
    await bench.running;
    await bench.assertEnded("target_reset");
    assertEquals([bench.reports, bench.nearTarget.closes, bench.session.down.bytes], [
      ["succeeded"],
      1,
      WORDS.length,
    ]);
  });

  Deno.test(`Session, ${name}: such a client that says nothing is waited for ${QUIET_MS} ms`, async () => {
    const bench = await lingering();
    await bench.sweepAt(QUIET_MS + SLACK_MS - 1);
    assertStrictEquals(bench.isOver, false);
    await bench.sweepAt(QUIET_MS + SLACK_MS);
    await bench.running;
    await bench.assertEnded("target_reset");
  });

  Deno.test(`Session, ${name}: such a client that sends on is waited for ${TOTAL_MS} ms`, async () => {
    const bench = await lingering();
    for (let nowMs = 1000; nowMs < TOTAL_MS; nowMs += 1000) {
      await bench.client.write(utf8("x"));
      await bench.sweepAt(nowMs);
      assertStrictEquals(bench.isOver, false, `it ended after ${nowMs} ms`);
    }
    await bench.client.write(utf8("x"));
    await bench.sweepAt(TOTAL_MS + SLACK_MS);
    await bench.running;
    await bench.assertEnded("target_reset");
  });

  for (
    const [how, cut] of [
      ["end", (bench: Relaying) => bench.session.end("drained")],
      ["max_lifetime", (bench: Relaying) => bench.session.sweep(3_600_000, SLACK_MS)],
    ] as const
  ) {
    Deno.test(`Session, ${name}: ${how} cuts the waiting for such a client short, and the reason stays`, async () => {
      const bench = await lingering();
      cut(bench);
      assertStrictEquals(bench.near.closes, 1);
      await bench.running;
      await bench.assertEnded("target_reset");
    });
  }

  Deno.test(`Session, ${name}: a client that takes nothing of a target that is gone is idle at the idle limit`, async () => {
    const bench = new Relaying(engine, { client: SLOW, idleTimeoutMs: 40_000 });
    await say(bench.target, WORDS);
    await quiet(() => bench.session.down.bytes);
    bench.nearTarget.breakWrites(reset());
    // However much it sends.
    for (let nowMs = 0; nowMs < 40_000; nowMs += 1000) {
      await say(bench.client, randomBytes(5000));
      await bench.sweepAt(nowMs);
      assertStrictEquals(bench.isOver, false, `it ended after ${nowMs} ms`);
    }
    await bench.sweepAt(40_000 + SLACK_MS);
    await bench.running;
    await bench.assertEnded("idle_timeout");
    assertStrictEquals(
      bench.session.detail,
      "before that: the target has reset the connection (ECONNRESET)",
    );
  });

  Deno.test(`Session, ${name}: a client that takes little at a time gets all of a target that is gone`, async () => {
    const bench = new Relaying(engine, { client: SLOW, idleTimeoutMs: 10_000 });
    await say(bench.target, WORDS);
    await quiet(() => bench.session.down.bytes);
    bench.nearTarget.breakWrites(reset());
    await bench.client.write(utf8("x"));
    let got = 0;
    const buffer = new Uint8Array(1000);
    for (let nowMs = 0;; nowMs += 9000) {
      const count = await bench.client.read(buffer);
      if (count === null) break;
      got += count;
      await bench.sweepAt(nowMs);
    }
    assertStrictEquals(got, WORDS.length);
    bench.client.close();
    await bench.running;
    await bench.assertEnded("target_reset");
  });

  Deno.test(`Session, ${name}: a target that takes nothing and is silent is given up after ${QUIET_MS} ms`, async () => {
    const bench = new Relaying(engine);
    await nextTask();
    bench.nearTarget.breakWrites(reset(), { halfDead: true });
    await bench.client.write(utf8("x"));
    await bench.sweepAt(QUIET_MS + SLACK_MS - 1);
    assertStrictEquals(bench.isOver, false);
    await bench.sweepAt(QUIET_MS + SLACK_MS);
    await bench.running;
    await bench.assertEnded("target_reset");
  });

  Deno.test(`Session, ${name}: a target that takes nothing of a client that is gone holds it for ${QUIET_MS} ms`, async () => {
    const bench = new Relaying(engine, { target: SLOW });
    await say(bench.client, WORDS);
    await quiet(() => bench.session.up.bytes);
    bench.near.breakWrites(reset());
    await bench.target.write(utf8("x"));
    await bench.sweepAt(QUIET_MS + SLACK_MS - 1);
    assertStrictEquals(bench.isOver, false);
    await bench.sweepAt(QUIET_MS + SLACK_MS);
    await bench.running;
    await bench.assertEnded("client_reset");
  });

  Deno.test(`Session, ${name}: one that takes little at a time holds it for ${TOTAL_MS} ms`, async () => {
    const bench = new Relaying(engine, { target: SLOW });
    await say(bench.client, WORDS);
    await quiet(() => bench.session.up.bytes);
    bench.near.breakWrites(reset());
    await bench.target.write(utf8("x"));
    const buffer = new Uint8Array(100);
    for (let nowMs = 1000; nowMs < TOTAL_MS; nowMs += 1000) {
      await bench.target.read(buffer);
      await bench.sweepAt(nowMs);
      assertStrictEquals(bench.isOver, false, `it ended after ${nowMs} ms`);
    }
    await bench.sweepAt(TOTAL_MS + SLACK_MS);
    await bench.running;
    await bench.assertEnded("client_reset");
  });
}
