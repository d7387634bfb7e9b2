import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { type Duplex, type Pollable, type ReadyHandler, WOULD_BLOCK } from "../../lib/base/mod.ts";
import { BUFFER_LEVELS, BufferPool, canBePolled, Flow, polledEngine } from "../../lib/relay/mod.ts";
import { testRelayContract } from "../contract/relay.ts";
import { hasLinuxSockets, linuxDial } from "../helpers/connections/linux_transport.ts";

testRelayContract({
  name: "polledEngine",
  create: (parts) => polledEngine(parts),
  // What one receive takes.
  holdsAtMost: 256 * 1024,
  dial: linuxDial,
  ignoreSockets: !hasLinuxSockets,
});

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
