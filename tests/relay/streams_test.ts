import { assertEquals, assertStrictEquals } from "@std/assert";
import {
  bandwidthFilter,
  BufferPool,
  type Filter,
  Flow,
  Pace,
  pause,
  type RelayEnd,
  streamEngine,
  type StreamOptions,
} from "../../lib/relay/mod.ts";
import { testRelayContract } from "../contract/relay.ts";
import { utf8 } from "../helpers/bytes.ts";
import { type MemoryDuplex, memoryPipe } from "../helpers/connections/memory_duplex.ts";

/** A chunk of the pipeline. */
const CHUNK_BYTES = 16 * 1024;

const passThrough: Filter = () => new TransformStream();

testRelayContract({
  name: "streamEngine without filters",
  create: (parts) => streamEngine({ ...parts, up: [], down: [] }),
  // A chunk that is written, and one that waits its turn: a pipe reads ahead of its sink by one.
  holdsAtMost: 2 * CHUNK_BYTES,
});

testRelayContract({
  name: "streamEngine with a filter that passes everything",
  create: (parts) => streamEngine({ ...parts, up: [passThrough], down: [passThrough] }),
  // As without filters, and again for the pipe into the filter.
  holdsAtMost: 4 * CHUNK_BYTES,
});

testRelayContract({
  name: "streamEngine with a bandwidth filter that never waits",
  create: (parts) => {
    const filter = bandwidthFilter(new Pace(Infinity, { take: () => 0 }, { clock: { nowMs: () => 0 } }));
    return streamEngine({ ...parts, up: [filter], down: [filter] });
  },
  // As with a filter that passes everything.
  holdsAtMost: 4 * CHUNK_BYTES,
});

Deno.test("streamEngine: bytes pass the filters of their direction in order", async () => {
  const relay = new Relay({ up: [appending("1"), appending("2")], down: [appending("3")] });
  await relay.client.write(utf8("up"));
  assertEquals(await readText(relay.target), "up12");
  await relay.target.write(utf8("down"));
  assertEquals(await readText(relay.client), "down3");
  await Promise.all([relay.client.closeWrite(), relay.target.closeWrite()]);
  assertStrictEquals((await relay.end).kind, "finished");
});

Deno.test("streamEngine: bytes are counted as they leave the filters", async () => {
  const relay = new Relay({ up: [appending("!!!")], down: [] });
  await relay.client.write(utf8("x"));
  assertStrictEquals(await readText(relay.target), "x!!!");
  await Promise.all([relay.client.closeWrite(), relay.target.closeWrite()]);
  await relay.end;
  assertEquals([relay.up.bytes, relay.down.bytes], [4, 0]);
});

Deno.test("streamEngine: a filter that fails ends the relay as the target's failure", async () => {
  const error = new Error("made to fail");
  const failing: Filter = () =>
    new TransformStream({
      transform(): void {
        throw error;
      },
    });
  const relay = new Relay({ up: [failing], down: [] });
  await relay.client.write(utf8("x"));
  assertEquals(await relay.end, { kind: "failed", side: "target", error });
  assertEquals([relay.nearClient.pending, relay.nearTarget.pending], [0, 0]);
});

for (const direction of ["up", "down"] as const) {
  Deno.test(`streamEngine: a filter that waits ${direction} does not outlast a connection that fails`, async () => {
    const waiting = Promise.withResolvers<void>();
    const slow: Filter = (signal) =>
      new TransformStream({
        transform(): Promise<void> {
          waiting.resolve();
          return pause(3_600_000, signal);
        },
      });
    const [filters, sender, failing] = direction === "up"
      ? [{ up: [slow], down: [] }, "client", "target"] as const
      : [{ up: [], down: [slow] }, "target", "client"] as const;
    const relay = new Relay(filters);
    await relay[sender].write(utf8("x"));
    await waiting.promise;
    relay[failing].reset();
    const end = await relay.end;
    assertEquals(end.kind === "failed" ? end.side : end.kind, failing);
    assertEquals([relay.nearClient.pending, relay.nearTarget.pending], [0, 0]);
  });
}

/** A pipeline between two connections in memory, stopped as a session does. */
class Relay {
  readonly up = new Flow("up", 0);
  readonly down = new Flow("down", 0);
  readonly client: MemoryDuplex;
  readonly nearClient: MemoryDuplex;
  readonly target: MemoryDuplex;
  readonly nearTarget: MemoryDuplex;
  readonly end: Promise<RelayEnd>;

  constructor(filters: Pick<StreamOptions, "up" | "down">) {
    [this.client, this.nearClient] = memoryPipe();
    [this.target, this.nearTarget] = memoryPipe();
    let stopped = false;
    const engine = streamEngine({ ...filters, buffers: new BufferPool(), ticker: { nowMs: 0 } });
    this.end = engine({ client: this.nearClient, target: this.nearTarget }, {
      up: this.up,
      down: this.down,
      prefetched: undefined,
      pendingRead: undefined,
      aborted: false,
      signal: new AbortController().signal,
      stop: () => {
        if (stopped) return;
        stopped = true;
        this.nearClient.close();
        this.nearTarget.close();
      },
      linger: () => {
        throw new Error("test: the relay lingers, which was not wanted");
      },
    });
  }
}

function appending(text: string): Filter {
  return () =>
    new TransformStream({
      transform(chunk, controller): void {
        const longer = new Uint8Array(chunk.length + text.length);
        longer.set(chunk);
        longer.set(utf8(text), chunk.length);
        controller.enqueue(longer);
      },
    });
}

async function readText(end: MemoryDuplex): Promise<string> {
  const buffer = new Uint8Array(100);
  return new TextDecoder().decode(buffer.subarray(0, await end.read(buffer) ?? 0));
}
