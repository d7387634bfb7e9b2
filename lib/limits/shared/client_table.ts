import { type ClientBits, clientBits } from "./_client_key.ts";
import { Guard } from "../guard.ts";
import { SharedLock } from "./_lock.ts";
import type { ClientAdmission, ClientLimiter, ClientLimits } from "../client_table.ts";

/** This thread and its limits per client. */
export interface SharedClientOptions extends Omit<ClientLimits, "maxRemembered"> {
  /** Number of this thread. */
  readonly worker: number;
}

/** The size of a table. */
export interface SharedClientSize {
  /** How many threads share it. */
  readonly workers: number;
  /** How many clients it can hold, with or without connections; a power of two. Default 131,072. */
  readonly capacity?: number;
}

const DEFAULT_CAPACITY = 131_072;

/** Consecutive cells that may hold a client; in a half-full table it is practically impossible that all are taken. */
const WINDOW = 64;

/** Tolerance for differences between the clocks of the threads. */
const ROUNDING_MS = 1e-6;

/**
 * Limits connections and their rate per client across threads; the counterpart of `ClientTable`, with the same
 * clients and the same decisions.
 *
 * The table has a fixed size, about 4 MB for two threads, even in a flood. A client with a connection is never
 * evicted; of the others, the one whose rate recovers first is. If all cells for a client are held by clients with
 * connections, it is refused with "limit": a limit that gave way under load would be none.
 */
export class SharedClientTable implements ClientLimiter {
  readonly #cells: Cells;
  readonly #lock: SharedLock;
  readonly #maxConnections: number;
  /** Milliseconds between connections of a client in the long run; 0 for no limit. */
  readonly #intervalMs: number;
  readonly #toleranceMs: number;
  readonly #worker: number;

  /** Allocates an empty table. */
  static allocate({ workers, capacity = DEFAULT_CAPACITY }: SharedClientSize): SharedClientMemory {
    return { workers, capacity, bytes: new SharedArrayBuffer(layout(workers, capacity).length) };
  }

  /** Releases the connections of a thread that has died. */
  static forget(memory: SharedClientMemory, worker: number): void {
    const { active, shares } = cellsOf(memory);
    for (let cell = 0; cell < memory.capacity; cell++) {
      const share = cell * memory.workers + worker;
      // Reads before it writes, so that untouched memory stays uncommitted.
      if (Atomics.load(shares, share) === 0) continue;
      Atomics.sub(active, cell, Atomics.exchange(shares, share, 0));
    }
  }

  constructor(memory: SharedClientMemory, options: SharedClientOptions) {
    const { maxConnections = Infinity, acceptRate, worker } = options;
    this.#cells = cellsOf(memory);
    this.#lock = new SharedLock(this.#cells.lock);
    this.#maxConnections = maxConnections;
    const { ratePerSecond, burst = Math.max(1, ratePerSecond) } = acceptRate ?? { ratePerSecond: Infinity };
    this.#intervalMs = 1000 / ratePerSecond;
    this.#toleranceMs = acceptRate === undefined ? 0 : (burst - 1) * this.#intervalMs;
    this.#worker = worker;
  }

  /** Returns the number of connections of this client, in all threads. */
  active(address: string): number {
    const cell = this.#find(clientBits(address));
    return cell < 0 ? 0 : Atomics.load(this.#cells.active, cell);
  }

  admit(address: string, nowMs: number): ClientAdmission {
    const bits = clientBits(address);
    this.#lock.acquire();
    try {
      return this.#admit(bits, nowMs);
    } finally {
      this.#lock.release();
    }
  }

  #admit(bits: ClientBits, nowMs: number): ClientAdmission {
    const { active, arrival, high, low, shares, workers } = this.#cells;
    let cell = this.#find(bits);
    if (cell < 0) {
      cell = this.#room(bits, nowMs);
      if (cell < 0) return "limit";
      high[cell] = bits.high;
      low[cell] = bits.low;
      arrival[cell] = 0;
    }
    if (Atomics.load(active, cell) >= this.#maxConnections) return "limit";
    if (this.#intervalMs > 0) {
      const arrivalMs = arrival[cell] ?? 0;
      if (arrivalMs - this.#toleranceMs - nowMs > ROUNDING_MS) return "rate_limit";
      arrival[cell] = Math.max(arrivalMs, nowMs) + this.#intervalMs;
    }
    Atomics.add(active, cell, 1);
    const share = cell * workers + this.#worker;
    Atomics.add(shares, share, 1);
    // No lock needed: the cell of a client with a connection is not reused.
    return new Guard(() => {
      Atomics.sub(shares, share, 1);
      Atomics.sub(active, cell, 1);
    });
  }

  /** Returns the client's cell, or -1. */
  #find({ high, low }: ClientBits): number {
    const cells = this.#cells;
    const mask = cells.low.length - 1;
    const start = startOf(high, low, mask);
    for (let step = 0; step < WINDOW; step++) {
      const cell = (start + step) & mask;
      if (cells.low[cell] === low && cells.high[cell] === high) return cell;
    }
    return -1;
  }

  /** Returns a cell for a new client: of those without a connection, the one whose rate recovers first; or -1. */
  #room({ high, low }: ClientBits, nowMs: number): number {
    const { active, arrival, low: lows } = this.#cells;
    const mask = lows.length - 1;
    let room = -1;
    let earliestMs = Infinity;
    const start = startOf(high, low, mask);
    for (let step = 0; step < WINDOW; step++) {
      const cell = (start + step) & mask;
      const arrivalMs = arrival[cell] ?? 0;
      if (arrivalMs >= earliestMs || Atomics.load(active, cell) > 0) continue;
      room = cell;
      earliestMs = arrivalMs;
      if (arrivalMs <= nowMs) break;
    }
    return room;
  }
}

/** The memory of a table, as passed to other threads. */
export interface SharedClientMemory {
  readonly workers: number;
  readonly capacity: number;
  readonly bytes: SharedArrayBuffer;
}

/** Per cell: the client, when its rate has recovered, its connections, and how many each thread has. */
interface Cells {
  readonly workers: number;
  readonly lock: Int32Array;
  readonly arrival: Float64Array;
  readonly high: Int32Array;
  readonly low: Int32Array;
  readonly active: Int32Array;
  readonly shares: Int32Array;
}

const WORD = 4;
/** A cache line for the lock alone. */
const LOCK_BYTES = 64;

function layout(
  workers: number,
  capacity: number,
): Record<"high" | "low" | "active" | "shares" | "length", number> {
  const high = LOCK_BYTES + 2 * WORD * capacity;
  const low = high + WORD * capacity;
  const active = low + WORD * capacity;
  const shares = active + WORD * capacity;
  return { high, low, active, shares, length: shares + WORD * capacity * workers };
}

function cellsOf({ workers, capacity, bytes }: SharedClientMemory): Cells {
  const at = layout(workers, capacity);
  return {
    workers,
    lock: new Int32Array(bytes, 0, 1),
    arrival: new Float64Array(bytes, LOCK_BYTES, capacity),
    high: new Int32Array(bytes, at.high, capacity),
    low: new Int32Array(bytes, at.low, capacity),
    active: new Int32Array(bytes, at.active, capacity),
    shares: new Int32Array(bytes, at.shares, capacity * workers),
  };
}

/** Returns a client's first cell: its bits, mixed so that neighbours spread (the finalizer of MurmurHash3). */
function startOf(high: number, low: number, mask: number): number {
  let mixed = low ^ Math.imul(high, 0x9e3779b1);
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) & mask;
}
