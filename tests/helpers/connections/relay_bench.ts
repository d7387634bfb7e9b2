import { assertEquals, assertStrictEquals } from "@std/assert";
import type { Clock } from "../../../lib/base/mod.ts";
import type {
  BufferPool,
  PendingRead,
  RelayEnd,
  RelayEngine,
  RelayTap,
  Ticker,
} from "../../../lib/relay/mod.ts";
import { concat } from "../bytes.ts";
import { CountingPool } from "../fakes/counting_pool.ts";
import type { NearDial } from "./connected_ends.ts";
import { type MemoryDuplex, type MemoryPipeOptions, MemoryPipes } from "./memory_duplex.ts";
import { RelayEnds } from "./relay_ends.ts";

/** What an engine is built from. */
export interface EngineParts {
  readonly buffers: BufferPool;
  readonly ticker: Ticker;
  /** For the moment of the first byte; default nobody asks for it. */
  readonly clock?: Clock;
}

/** An engine under test. */
export interface EngineCase {
  readonly name: string;
  create(parts: EngineParts): RelayEngine;
  /** Bytes that a direction may have read and not yet written while its receiver takes nothing. */
  readonly holdsAtMost: number;
  /** How it connects to real sockets; default the runtime's. */
  readonly dial?: () => NearDial;
  /** Whether connections in memory have pipes; default they have none. */
  readonly hasPipes?: boolean;
  /** Whether real sockets are unavailable here. */
  readonly ignoreSockets?: boolean;
}

/** An engine between two connections in memory, and both far ends. */
export class RelayBench extends RelayEnds {
  readonly buffers = new CountingPool();
  readonly ticker = { nowMs: 0 };
  /** The moment on the sessions' clock. */
  nowMs = 0;
  /** What the engine lingered for; `undefined` if it did not. */
  lingered: RelayEnd | undefined;
  readonly #engine: RelayEngine;
  #stopped = false;

  /** @param targetOptions default those of the client. */
  constructor(engine: EngineCase, options: MemoryPipeOptions = {}, targetOptions = options) {
    const pipes = engine.hasPipes === true ? { pipes: new MemoryPipes() } : {};
    super({ ...options, ...pipes }, { ...targetOptions, ...pipes });
    this.#engine = engine.create({
      buffers: this.buffers,
      ticker: this.ticker,
      clock: { nowMs: () => this.nowMs },
    });
  }

  run(early?: PendingRead, lead?: Uint8Array, tap?: RelayTap): Promise<RelayEnd> {
    const { signal } = this.controller;
    return this.#engine({ client: this.nearClient, target: this.nearTarget }, {
      up: this.up,
      down: this.down,
      prefetched: lead,
      pendingRead: early,
      tap,
      get aborted() {
        return signal.aborted;
      },
      signal,
      stop: () => this.#close(),
      linger: (end) => this.#linger(end),
    });
  }

  /** Ends the relay as a session does: the signal first, then the sockets. */
  end(): void {
    this.controller.abort();
    this.#close();
  }

  /** Begins the client's first read as a session does. */
  earlyRead(): PendingRead {
    const buffer = this.buffers.take(0);
    const result = this.nearClient.read(buffer);
    result.catch(() => {});
    return { buffer, result };
  }

  /** Fails unless the engine has left nothing behind. */
  assertClean(): void {
    assertEquals([this.nearClient.pending, this.nearTarget.pending], [0, 0], "operations are pending");
    assertStrictEquals(this.buffers.out, 0, "buffers are out");
    assertStrictEquals(this.nearClient.pipes?.out ?? 0, 0, "pipes are out");
  }

  #close(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.nearClient.close();
    if (this.lingered === undefined) this.nearTarget.close();
  }

  #linger(end: RelayEnd): void {
    this.lingered = end;
    this.nearTarget.close();
  }
}

/** Sends the pieces and FIN. */
export async function feed(end: MemoryDuplex, pieces: readonly Uint8Array[]): Promise<void> {
  for (const piece of pieces) {
    for (let written = 0; written < piece.length;) written += await end.write(piece.subarray(written));
  }
  await end.closeWrite();
}

/** Reads until FIN. */
export async function collect(end: MemoryDuplex): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  const buffer = new Uint8Array(4096);
  for (let count = await end.read(buffer); count !== null; count = await end.read(buffer)) {
    pieces.push(buffer.slice(0, count));
  }
  return concat(...pieces);
}

export async function readSome(end: MemoryDuplex): Promise<Uint8Array> {
  const buffer = new Uint8Array(4096);
  return buffer.slice(0, await end.read(buffer) ?? 0);
}

export async function reset(end: MemoryDuplex): Promise<void> {
  await turns();
  end.reset();
}

/** Lets everything happen that waits for nothing but its turn. */
export async function turns(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setTimeout(resolve, 0));
}

/** Waits until a number has stopped growing. */
export async function quiet(number: () => number): Promise<void> {
  for (let before = -1; before !== number();) {
    before = number();
    await turns();
  }
}
