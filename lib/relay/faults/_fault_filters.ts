/**
 * Faults that are filters of the stream pipeline. Each stops acting on a live session when its rule expires, and
 * every wait ends with the signal.
 *
 * @module
 */
import type { ByteBudget } from "../pace.ts";
import { type FaultTime, pauseUntil, pauseWhileActive } from "./fault_time.ts";
import { endOf, type FaultTerm } from "./fault_rule.ts";
import { mix, unit } from "./_noise.ts";
import type { Filter } from "../streams.ts";

/** Options that every fault filter has. */
export interface FaultFilterOptions {
  readonly time: FaultTime;
  /** When the fault ends. */
  readonly term: FaultTerm;
}

/** Options of {@link latencyFilter}. */
export interface LatencyOptions extends FaultFilterOptions {
  readonly amountMs: number;
  /** Largest deviation from `amountMs`, either way. */
  readonly jitterMs: number;
  /** Seed of the jitter. */
  readonly noise: number;
}

/**
 * Bytes that latency keeps in flight, as a network would; beyond that the sender waits. Twice the usual initial
 * receive window; it bounds throughput to that much per delay (2.5 MiB/s at 100 ms).
 */
const IN_FLIGHT_BYTES = 256 * 1024;

/** Cost of a chunk in flight beside its bytes, which bounds a flood of tiny chunks too. */
const CHUNK_OVERHEAD_BYTES = 256;

/** A chunk in flight; one without bytes is the sender's FIN. */
interface InFlight {
  readonly bytes: Uint8Array;
  readonly dueMs: number;
}

/**
 * Delays each chunk, and the sender's FIN, by `amountMs` ± `jitterMs`, and keeps their order. Chunks in flight wait
 * side by side, as on a long line, so a delay costs time and not throughput, up to {@link IN_FLIGHT_BYTES}.
 */
export function latencyFilter(options: LatencyOptions): Filter {
  const { time, term, amountMs, jitterMs, noise } = options;
  return (signal) => {
    let offset = 0;
    const due = (): number => {
      const nowMs = time.clock.nowMs();
      // Drawn by stream position, so that chunk boundaries do not matter.
      const jitter = (2 * unit(mix(noise, offset)) - 1) * jitterMs;
      return Math.min(nowMs + Math.max(0, amountMs + jitter), Math.max(nowMs, endOf(term)));
    };
    const departure = new TransformStream<Uint8Array, InFlight>(
      {
        transform(chunk, controller): void {
          controller.enqueue({ bytes: compact(chunk), dueMs: due() });
          offset += chunk.length;
        },
        flush(controller): void {
          controller.enqueue({ bytes: new Uint8Array(), dueMs: due() });
        },
      },
      { highWaterMark: 1 },
      { highWaterMark: IN_FLIGHT_BYTES, size: ({ bytes }) => bytes.length + CHUNK_OVERHEAD_BYTES },
    );
    const arrival = new TransformStream<InFlight, Uint8Array>(
      {
        async transform({ bytes, dueMs }, controller): Promise<void> {
          // One at a time, so that a chunk with less jitter cannot overtake.
          await pauseWhileActive(dueMs, { term, time, signal });
          if (bytes.length > 0) controller.enqueue(bytes);
        },
      },
      { highWaterMark: 1 },
      { highWaterMark: 0 },
    );
    return { writable: departure.writable, readable: departure.readable.pipeThrough(arrival) };
  };
}

/** Returns a chunk that pins at most twice its length: it may be a small part of a large read buffer. */
function compact(chunk: Uint8Array): Uint8Array {
  return chunk.length * 2 < chunk.buffer.byteLength ? chunk.slice() : chunk;
}

/** How bytes are cut and spaced. */
interface PaceOptions extends FaultFilterOptions {
  /** Largest piece that passes at once. */
  readonly pieceBytes: number;
  /** Returns how many milliseconds a piece of this size must wait. */
  waitMs(bytes: number, nowMs: number): number;
}

function pacedFilter(options: PaceOptions): Filter {
  const { time, term, pieceBytes } = options;
  return (signal) =>
    new TransformStream<Uint8Array, Uint8Array>(
      {
        async transform(chunk, controller): Promise<void> {
          for (let offset = 0; offset < chunk.length;) {
            const nowMs = time.clock.nowMs();
            if (nowMs >= endOf(term)) {
              controller.enqueue(chunk.subarray(offset));
              return;
            }
            const piece = chunk.subarray(offset, offset + pieceBytes);
            offset += piece.length;
            const waitMs = options.waitMs(piece.length, nowMs);
            if (waitMs > 0) await pauseWhileActive(nowMs + waitMs, { term, time, signal });
            controller.enqueue(piece);
          }
        },
      },
      { highWaterMark: 1 },
      { highWaterMark: 0 },
    );
}

/** Options of {@link sliceFilter}. */
export interface SliceOptions extends FaultFilterOptions {
  /** Largest piece in bytes; at least 1. */
  readonly sizeBytes: number;
  /** Minimum time between the starts of two pieces. */
  readonly delayMs: number;
}

/** Cuts bytes into pieces of at most `sizeBytes` that leave at least `delayMs` apart. */
export function sliceFilter(options: SliceOptions): Filter {
  const { time, term, sizeBytes, delayMs } = options;
  return (signal) => {
    let nextMs = -Infinity;
    const waitMs = (_bytes: number, nowMs: number): number => {
      const startMs = Math.max(nextMs, nowMs);
      nextMs = startMs + delayMs;
      return startMs - nowMs;
    };
    return pacedFilter({ time, term, pieceBytes: sizeBytes, waitMs })(signal);
  };
}

/** Options of {@link slowFilter}. */
export interface SlowOptions extends FaultFilterOptions {
  readonly bytesPerSecond: number;
  readonly budget: ByteBudget;
}

/** Pieces per second on a slow line, so that it flows evenly and not in bursts. */
const PIECES_PER_SECOND = 20;

/** Largest piece that passes at once on a fast line. */
const MAX_PIECE_BYTES = 16 * 1024;

/** Lets bytes pass as `budget` allows. */
export function slowFilter({ time, term, bytesPerSecond, budget }: SlowOptions): Filter {
  return pacedFilter({
    time,
    term,
    pieceBytes: Math.max(1, Math.min(MAX_PIECE_BYTES, Math.floor(bytesPerSecond / PIECES_PER_SECOND))),
    waitMs: (bytes, nowMs) => budget.take(bytes, nowMs),
  });
}

/** Tells whether a direction has lost bytes. */
export interface BlackHole {
  /** Whether any bytes were dropped, which leaves an irreparable gap in the stream. */
  hasLost: boolean;
}

/**
 * Swallows everything, the sender's FIN included. The sender is not slowed, so it believes that its bytes arrive.
 *
 * When the rule expires, a FIN with nothing dropped before it passes. Once bytes are dropped nothing ever passes,
 * because a stream with a gap is worse than none.
 */
export function blackHoleFilter({ time, term }: FaultFilterOptions, hole: BlackHole): Filter {
  return (signal) =>
    new TransformStream<Uint8Array, Uint8Array>(
      {
        transform(chunk, controller): void {
          if (!hole.hasLost && time.clock.nowMs() >= endOf(term)) controller.enqueue(chunk);
          else hole.hasLost = true;
        },
        async flush(): Promise<void> {
          if (hole.hasLost) await pauseUntil(Infinity, time, signal);
          await pauseWhileActive(Infinity, { term, time, signal });
        },
      },
      { highWaterMark: 1 },
      { highWaterMark: 0 },
    );
}
