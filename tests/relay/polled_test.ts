import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { type Duplex, type Pollable, type ReadyHandler, WOULD_BLOCK } from "../../lib/base/mod.ts";
import {
  BUFFER_LEVELS,
  BufferPool,
  canBePolled,
  Flow,
  polledEngine,
  type RelayTap,
} from "../../lib/relay/mod.ts";
import { testRelayContract } from "../contract/relay.ts";
import { readSome, RelayBench } from "../helpers/connections/relay_bench.ts";
import { hasLinuxSockets, linuxDial } from "../helpers/connections/linux_transport.ts";
import { until } from "../helpers/until.ts";

testRelayContract({
  name: "polledEngine",
  create: (parts) => polledEngine(parts),
  // What one receive takes.
  holdsAtMost: 256 * 1024,
  dial: linuxDial,
  ignoreSockets: !hasLinuxSockets,
});

testRelayContract({
  name: "polledEngine through pipes",
  create: (parts) => polledEngine({ ...parts, bulkBytes: 1 }),
  holdsAtMost: 1024 * 1024,
  hasPipes: true,
  dial: linuxDial,
  ignoreSockets: !hasLinuxSockets,
});

/** A tap that keeps nothing. */
const SILENT: RelayTap = {
  read: () => {},
  readEnd: () => {},
  wrote: () => {},
  wroteEnd: () => {},
  failed: () => {},
};

/** A connection that has bytes without end, or none, and takes as many as there are. */
class Endless implements Duplex, Pollable {
  readonly isEnding = false;
  readonly isReadable: boolean;
  handler: ReadyHandler | undefined;
  /** How often it was asked to report again. */
  agains = 0;
  sent = 0;

  constructor(isReadable: boolean) {
    this.isReadable = isReadable;
  }

  get pollable(): Pollable {
    return this;
  }

  attach(handler: ReadyHandler): void {
    this.handler = handler;
  }

  receive(_buffer: Uint8Array, maxBytes: number): number {
    return this.isReadable ? maxBytes : WOULD_BLOCK;
  }

  send(_bytes: Uint8Array, length: number): number {
    this.sent += length;
    return length;
  }

  again(): void {
    this.agains++;
  }

  close(): void {
    this.handler?.onClosed();
  }

  withdrawRead = (): boolean => false;
  finish = (): void => {};
  settled = (): void => {};
  takeError = (): undefined => undefined;
  read = (): Promise<never> => Promise.reject(new Error("read: it is polled"));
  write = (): Promise<never> => Promise.reject(new Error("write: it is polled"));
  closeWrite = (): Promise<void> => Promise.resolve();
}

Deno.test("polledEngine: a sender without end leaves the turn to others, and goes on in the next", async () => {
  const [client, target] = [new Endless(true), new Endless(false)];
  const context = {
    up: new Flow("up", 0),
    down: new Flow("down", 0),
    prefetched: undefined,
    pendingRead: undefined,
    aborted: false,
    signal: new AbortController().signal,
    stop: () => [client, target].forEach((conn) => conn.close()),
    linger: () => {},
  };
  const engine = polledEngine({ buffers: new BufferPool(), ticker: { nowMs: 0 } });
  const end = engine({ client, target }, context);
  const first = target.sent;
  assert(first >= 512 * 1024 && first < 1024 * 1024, `${first} bytes in one turn`);
  assertStrictEquals(client.agains, 1);
  client.handler?.onReadable();
  assertEquals([target.sent, client.agains, context.up.bytes], [2 * first, 2, 2 * first]);
  context.aborted = true;
  context.stop();
  assertEquals(await end, { kind: "stopped" });
});

Deno.test("polledEngine: bulk goes through a pipe, small messages and those of a tapped relay do not", async () => {
  for (
    const [size, tap, expected] of [[500, undefined, true], [10, undefined, false], [
      500,
      SILENT,
      false,
    ]] as const
  ) {
    const bench = new RelayBench(
      {
        name: "",
        create: (parts) => polledEngine({ ...parts, bulkBytes: 100 }),
        holdsAtMost: 0,
        hasPipes: true,
      },
    );
    const running = bench.run(undefined, undefined, tap);
    const message = new Uint8Array(size).fill(7);
    for (let count = 0; count < 5; count++) {
      await bench.client.write(message);
      for (let read = 0; read < size;) read += (await readSome(bench.target)).length;
    }
    assertStrictEquals((bench.nearClient.pipes?.passed ?? 0) > 0, expected);
    await bench.client.closeWrite();
    await bench.target.closeWrite();
    await running;
    assertStrictEquals(bench.up.bytes, 5 * size);
    bench.end();
    bench.assertClean();
  }
});

Deno.test("polledEngine: what waits in a pipe is discarded when its receiver is gone", async () => {
  const bench = new RelayBench(
    { name: "", create: (parts) => polledEngine({ ...parts, bulkBytes: 1 }), holdsAtMost: 0, hasPipes: true },
    { capacity: 300 },
  );
  const running = bench.run();
  const sending = (async (): Promise<void> => {
    for (let sent = 0; sent < 5000; sent++) await bench.client.write(new Uint8Array(1));
  })().catch(() => {});
  // The receiver has taken 300, the pipe holds the next; the sender's own 300 wait.
  await until(() => bench.up.bytes === 300 && !bench.up.reading);
  bench.target.reset();
  assertEquals((await running).kind, "failed");
  bench.end();
  bench.client.close();
  await sending;
  assertStrictEquals(bench.up.bytes, 300);
  bench.assertClean();
});

Deno.test("polledEngine: connections that cannot be polled are refused", () => {
  const plain: Duplex = { ...new Endless(false), pollable: undefined, close: () => {} };
  assertEquals(
    [
      canBePolled({ client: plain, target: new Endless(true) }),
      canBePolled({
        client: new Endless(true),
        target: new Endless(true),
      }),
    ],
    [false, true],
  );
  const engine = polledEngine({ buffers: new BufferPool(), ticker: { nowMs: 0 } });
  const context = {
    up: new Flow("up", 0),
    down: new Flow("down", 0),
    prefetched: undefined,
    pendingRead: undefined,
    aborted: false,
    signal: new AbortController().signal,
    stop: () => {},
    linger: () => {},
  };
  assertThrows(() => void engine({ client: plain, target: new Endless(true) }, context), RangeError);
});

Deno.test("BufferPool: when much is held for full receivers, less is received at once, until it is released", () => {
  const buffers = new BufferPool();
  const { scratch } = buffers;
  const whole = buffers.scratchBytes;
  assertStrictEquals(whole, scratch.length);
  const held = Array.from({ length: 64 * 1024 * 1024 / whole }, () => buffers.hold(scratch, 0, whole));
  assertStrictEquals(buffers.scratchBytes, BUFFER_LEVELS[2]);
  for (const bytes of held) buffers.release(bytes);
  assertStrictEquals(buffers.scratchBytes, whole);
});
