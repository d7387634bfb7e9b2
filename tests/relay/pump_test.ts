import { assertEquals, assertStrictEquals } from "@std/assert";
import { BUFFER_LEVELS, BufferPool, Flow, Pace, pumpEngine } from "../../lib/relay/mod.ts";
import { testRelayContract } from "../contract/relay.ts";
import { memoryPipe } from "../helpers/connections/memory_duplex.ts";
import { concat } from "../helpers/bytes.ts";
import { randomBytes } from "../helpers/clients.ts";
import { readSome, RelayBench, turns } from "../helpers/connections/relay_bench.ts";
import { assertSameBytes } from "../helpers/same_bytes.ts";

const [SMALLEST = 0, CHATTY = 0, OWN = 0] = BUFFER_LEVELS;
const LARGEST = BUFFER_LEVELS[BUFFER_LEVELS.length - 1] ?? 0;
const BURST = BUFFER_LEVELS[BUFFER_LEVELS.length - 2] ?? 0;

testRelayContract({
  name: "pumpEngine",
  create: (parts) => pumpEngine(parts),
  // One buffer a direction, and it grows no further than the largest.
  holdsAtMost: LARGEST,
});

testRelayContract({
  name: "pumpEngine at a pace that never waits",
  create: (parts) => {
    const pace = new Pace(Infinity, { take: () => 0 }, { clock: { nowMs: () => 0 } });
    return pumpEngine({ ...parts, up: pace, down: pace });
  },
  holdsAtMost: LARGEST,
});

Deno.test("pumpEngine: an idle direction waits with the smallest buffer", async () => {
  await using pump = new RunningPump();
  await pump.settle();
  assertEquals(pump.readSizes(), [SMALLEST]);
});

Deno.test("pumpEngine: each read that fills its buffer moves up a level, and the largest stays", async () => {
  await using pump = new RunningPump();
  for (const size of [OWN, BURST, LARGEST, LARGEST]) await pump.pass(size);
  const whole = [SMALLEST, CHATTY - SMALLEST, OWN - CHATTY];
  assertEquals(pump.readSizes(), [...whole, BURST, LARGEST, LARGEST, LARGEST]);
});

Deno.test("pumpEngine: a message that arrived whole is written whole, even after a quiet spell", async () => {
  for (const size of [SMALLEST + 1, 1000, 1460, CHATTY, CHATTY + 1, 4096, OWN]) {
    await using pump = new RunningPump();
    for (let time = 0; time < 3; time++) {
      await pump.pass(size);
      assertEquals(await pump.written(), [size]);
      // What a burst takes is not what the quiet after it holds.
      await pump.pass(1);
      assertEquals(await pump.written(), [1]);
      assertStrictEquals(pump.readSizes().at(-1), SMALLEST);
    }
  }
});

Deno.test("pumpEngine: a message that exactly fills a buffer does not wait for more, and loses nothing that follows", async () => {
  for (const size of [SMALLEST, CHATTY]) {
    await using pump = new RunningPump();
    if (size === CHATTY) {
      await pump.pass(CHATTY - 1);
      assertEquals(await pump.written(), [CHATTY - 1]);
    }
    assertStrictEquals(pump.readSizes().at(-1), size);
    for (const next of [size, CHATTY, 700, 3, 4, SMALLEST, 1536, 1000]) {
      await pump.pass(next);
      assertEquals(await pump.written(), [next]);
    }
  }
});

Deno.test("pumpEngine: a chatty protocol of larger messages is read and written in one go", async () => {
  await using pump = new RunningPump();
  for (let time = 0; time < 5; time++) await pump.pass(1500);
  assertEquals(await pump.written(), Array(5).fill(1500));
  assertEquals(pump.readSizes(), [SMALLEST, CHATTY - SMALLEST, ...Array(5).fill(CHATTY)]);
});

Deno.test("pumpEngine: after a message read in several pieces, an idle direction holds the buffer that its last read calls for", async () => {
  for (
    const [size, held] of [
      [SMALLEST, CHATTY - SMALLEST],
      [1000, SMALLEST],
      [1024, CHATTY],
      [3000, SMALLEST],
      [5000, SMALLEST],
      [8192, OWN],
    ] as const
  ) {
    await using pump = new RunningPump();
    await pump.pass(size);
    assertStrictEquals(pump.readSizes().at(-1), held, `${size} bytes`);
  }
});

Deno.test("pumpEngine: bytes across a buffer boundary arrive in order, whenever they come", async () => {
  await using pump = new RunningPump();
  const sent: Uint8Array[] = [];
  for (const [turn, size] of [512, 511, 1, 513, 2048, 16_384, 512, 15_872, 15_873, 40_000, 512].entries()) {
    sent.push(randomBytes(size, turn));
    await pump.send(randomBytes(size, turn));
    if (turn % 3 === 0) await pump.settle();
  }
  await pump.settle();
  assertSameBytes(concat(...await pump.received()), concat(...sent));
});

for (const what of ["takes nothing", "resets"] as const) {
  Deno.test(`pumpEngine: a receiver that ${what} while the rest of a message is awaited leaves nothing`, async () => {
    const bench = new RelayBench(
      {
        name: "pumpEngine",
        create: (parts) => pumpEngine(parts),
        holdsAtMost: OWN,
      },
      {},
      { capacity: what === "resets" ? Infinity : 10 },
    );
    if (what === "resets") bench.nearTarget.breakWrites(new Deno.errors.BrokenPipe("broken pipe"));
    const running = bench.run();
    await bench.client.write(randomBytes(SMALLEST));
    await turns();
    if (what === "takes nothing") bench.end();
    else bench.client.close();
    assertStrictEquals((await running).kind, what === "resets" ? "failed" : "stopped");
    bench.end();
    bench.assertClean();
  });
}

Deno.test("pumpEngine: a full pending read is the beginning of a message too", async () => {
  const bench = new RelayBench({
    name: "pumpEngine",
    create: (parts) => pumpEngine(parts),
    holdsAtMost: OWN,
  });
  const early = bench.earlyRead();
  await bench.client.write(randomBytes(1000));
  await turns();
  const running = bench.run(early);
  assertSameBytes(await readSome(bench.target), randomBytes(1000));
  bench.end();
  await running;
  bench.assertClean();
});

Deno.test("pumpEngine: a read of less than a quarter goes back to the smallest buffer", async () => {
  await using pump = new RunningPump();
  for (const size of [OWN, BURST]) await pump.pass(size);
  await pump.pass(LARGEST / 4);
  assertStrictEquals(pump.readSizes().at(-1), LARGEST);
  await pump.pass(BURST / 4 - 1);
  assertStrictEquals(pump.readSizes().at(-1), SMALLEST);
});

Deno.test("pumpEngine: bursts that do not fill the largest buffer are read with the one below", async () => {
  await using pump = new RunningPump();
  for (const size of [OWN, BURST, LARGEST]) await pump.pass(size);
  await pump.pass(LARGEST / 4 - 1);
  assertStrictEquals(pump.readSizes().at(-1), BURST);
  await pump.pass(BURST / 4);
  assertStrictEquals(pump.readSizes().at(-1), BURST);
});

Deno.test("pumpEngine: a read of a quarter and more keeps its buffer", async () => {
  await using pump = new RunningPump();
  for (const size of [OWN, BURST, LARGEST]) await pump.pass(size);
  await pump.pass(LARGEST / 4);
  assertStrictEquals(pump.readSizes().at(-1), LARGEST);
});

Deno.test("pumpEngine: messages that fit the smallest buffer never leave it", async () => {
  await using pump = new RunningPump();
  for (let message = 0; message < 10; message++) await pump.pass(1 + message * 50);
  assertEquals(new Set(pump.readSizes()), new Set([SMALLEST]));
});

/** A pump between two connections in memory, of which the flow up is watched. */
class RunningPump implements AsyncDisposable {
  readonly #client = memoryPipe();
  readonly #target = memoryPipe();
  readonly #running: Promise<unknown>;
  /** Writes to the target, and how many of them have been looked at. */
  writes = 0;
  #writes = 0;

  constructor() {
    const [, client] = this.#client;
    const [target] = this.#target;
    const write = target.write.bind(target);
    target.write = (bytes) => {
      this.writes++;
      return write(bytes);
    };
    this.#running = pumpEngine({ buffers: new BufferPool(), ticker: { nowMs: 0 } })({ client, target }, {
      up: new Flow("up", 0),
      down: new Flow("down", 0),
      prefetched: undefined,
      pendingRead: undefined,
      aborted: false,
      // It costs each connection to make one.
      get signal(): never {
        throw new Error("test: the pump asks for the signal, which only a wait needs");
      },
      stop: () => {},
      linger: () => {},
    });
  }

  /** Sizes of the buffers that the flow up was read into. */
  readSizes(): readonly number[] {
    return this.#client[1].readSizes;
  }

  /** Sends so many bytes at once, and waits until the next read is under way. */
  async pass(size: number): Promise<void> {
    await this.#client[0].write(randomBytes(size));
    await this.settle();
  }

  /** Sends so many bytes at once. */
  async send(bytes: Uint8Array): Promise<void> {
    await this.#client[0].write(bytes);
  }

  /** What was written since the last time, write by write. */
  async received(): Promise<Uint8Array[]> {
    const writes: Uint8Array[] = [];
    const buffer = new Uint8Array(LARGEST);
    for (; this.#writes < this.writes; this.#writes++) {
      writes.push(buffer.slice(0, await this.#target[1].read(buffer) ?? 0));
    }
    return writes;
  }

  /** The lengths of {@link RunningPump.received}. */
  async written(): Promise<number[]> {
    return (await this.received()).map((bytes) => bytes.length);
  }

  async settle(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, 0));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client[0].closeWrite();
    await this.#target[1].closeWrite();
    await this.#running;
  }
}
