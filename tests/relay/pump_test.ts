import { assertEquals, assertStrictEquals } from "@std/assert";
import { BUFFER_LEVELS, BufferPool, Flow, Pace, pumpEngine } from "../../lib/relay/mod.ts";
import { testRelayContract } from "../contract/relay.ts";
import { memoryPipe } from "../helpers/memory_duplex.ts";
import { randomBytes } from "../helpers/clients.ts";

const SMALLEST = BUFFER_LEVELS[0] ?? 0;
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
  for (const size of [...BUFFER_LEVELS, LARGEST]) await pump.pass(size);
  assertEquals(pump.readSizes(), [...BUFFER_LEVELS, LARGEST, LARGEST]);
});

Deno.test("pumpEngine: a read of less than a quarter goes back to the smallest buffer", async () => {
  await using pump = new RunningPump();
  for (const size of BUFFER_LEVELS.slice(0, -1)) await pump.pass(size);
  await pump.pass(LARGEST / 4);
  assertStrictEquals(pump.readSizes().at(-1), LARGEST);
  await pump.pass(BURST / 4 - 1);
  assertStrictEquals(pump.readSizes().at(-1), SMALLEST);
});

Deno.test("pumpEngine: bursts that do not fill the largest buffer are read with the one below", async () => {
  await using pump = new RunningPump();
  for (const size of BUFFER_LEVELS) await pump.pass(size);
  await pump.pass(LARGEST / 4 - 1);
  assertStrictEquals(pump.readSizes().at(-1), BURST);
  await pump.pass(BURST / 4);
  assertStrictEquals(pump.readSizes().at(-1), BURST);
});

Deno.test("pumpEngine: a read of a quarter and more keeps its buffer", async () => {
  await using pump = new RunningPump();
  for (const size of BUFFER_LEVELS) await pump.pass(size);
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

  constructor() {
    const [, client] = this.#client;
    const [target] = this.#target;
    this.#running = pumpEngine({ buffers: new BufferPool(), ticker: { nowMs: 0 } })({ client, target }, {
      up: new Flow("up", 0),
      down: new Flow("down", 0),
      lead: undefined,
      early: undefined,
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

  async settle(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, 0));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client[0].closeWrite();
    await this.#target[1].closeWrite();
    await this.#running;
  }
}
