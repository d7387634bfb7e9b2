/**
 * The faults that are filters of the stream pipeline. Each stops acting on a live session when its rule expires, and each
 * wait ends with the signal.
 *
 * @module
 */
import type { ByteBudget } from "./pace.ts";
import { type FaultTime, pauseUntil } from "./_fault_time.ts";
import { mix, unit } from "./_noise.ts";
import type { Filter } from "./streams.ts";

/** What every filter here is told beside its own figures. */
export interface FaultFilterOptions {
  readonly time: FaultTime;
  /** When the fault stops acting, on the clock. */
  readonly expiresAtMs: number;
}

/** How late each chunk is. */
export interface LatencyOptions extends FaultFilterOptions {
  readonly amountMs: number;
  /** The most by which a chunk's delay differs from `amountMs`, either way. */
  readonly jitterMs: number;
  /** Which jitters are drawn. */
  readonly noise: number;
}

/**
 * Bytes that latency holds at most, as a network would hold them in flight; beyond that the sender waits. It is twice the
 * usual first receive window, and it bounds throughput to that much in each delay (2.5 MiB/s at 100 ms).
 */
const IN_FLIGHT_BYTES = 256 * 1024;

/** What a chunk in flight costs beside its bytes, so that a flood of tiny ones is bounded too. */
const CHUNK_OVERHEAD_BYTES = 256;

/** A chunk on its way; the sender's FIN is one without bytes. */
interface InFlight {
  readonly bytes: Uint8Array;
  readonly dueMs: number;
}

/**
 * Each chunk, and the sender's FIN, leaves `amountMs` ± `jitterMs` after it came, in the order in which it came. Chunks in
 * flight wait side by side, as they do on a long line, so that a delay costs time and not throughput, up to
 * {@link IN_FLIGHT_BYTES}.
 */
export function latencyFilter(options: LatencyOptions): Filter {
  const { time, expiresAtMs, amountMs, jitterMs, noise } = options;
  return (signal) => {
    let offset = 0;
    const due = (): number => {
      const nowMs = time.clock.nowMs();
      // Drawn by the place in the stream, so that how the bytes before were cut does not matter.
      const jitter = (2 * unit(mix(noise, offset)) - 1) * jitterMs;
      return Math.min(nowMs + Math.max(0, amountMs + jitter), Math.max(nowMs, expiresAtMs));
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
          // One after the other, so that a chunk with less jitter cannot overtake.
          await pauseUntil(dueMs, time, signal);
          if (bytes.length > 0) controller.enqueue(bytes);
        },
      },
      { highWaterMark: 1 },
      { highWaterMark: 0 },
    );
    return { writable: departure.writable, readable: departure.readable.pipeThrough(arrival) };
  };
}

/** A chunk that holds no more memory than twice its length: what is read lies in a buffer that may be far larger. */
function compact(chunk: Uint8Array): Uint8Array {
  return chunk.length * 2 < chunk.buffer.byteLength ? chunk.slice() : chunk;
}

/** How bytes are cut and spaced. */
interface PaceOptions extends FaultFilterOptions {
  /** The most that passes at once. */
  readonly pieceBytes: number;
  /** Milliseconds that a piece of so many bytes must wait. */
  waitMs(bytes: number, nowMs: number): number;
}

function pacedFilter(options: PaceOptions): Filter {
  const { time, expiresAtMs, pieceBytes } = options;
  return (signal) =>
    new TransformStream<Uint8Array, Uint8Array>(
      {
        async transform(chunk, controller): Promise<void> {
          for (let offset = 0; offset < chunk.length;) {
            const nowMs = time.clock.nowMs();
            if (nowMs >= expiresAtMs) {
              controller.enqueue(chunk.subarray(offset));
              return;
            }
            const piece = chunk.subarray(offset, offset + pieceBytes);
            offset += piece.length;
            const waitMs = options.waitMs(piece.length, nowMs);
            if (waitMs > 0) await pauseUntil(Math.min(nowMs + waitMs, expiresAtMs), time, signal);
            controller.enqueue(piece);
          }
        },
      },
      { highWaterMark: 1 },
      { highWaterMark: 0 },
    );
}

/** How bytes are sliced. */
export interface SliceOptions extends FaultFilterOptions {
  /** The most bytes of a piece, at least 1. */
  readonly sizeBytes: number;
  /** The least time between the beginnings of two pieces. */
  readonly delayMs: number;
}

/** No piece is larger than `sizeBytes`, and each leaves at least `delayMs` after the one before it. */
export function sliceFilter(options: SliceOptions): Filter {
  const { time, expiresAtMs, sizeBytes, delayMs } = options;
  return (signal) => {
    let nextMs = -Infinity;
    const waitMs = (_bytes: number, nowMs: number): number => {
      const startMs = Math.max(nextMs, nowMs);
      nextMs = startMs + delayMs;
      return startMs - nowMs;
    };
    return pacedFilter({ time, expiresAtMs, pieceBytes: sizeBytes, waitMs })(signal);
  };
}

/** How fast bytes pass. */
export interface SlowOptions extends FaultFilterOptions {
  readonly bytesPerSecond: number;
  readonly budget: ByteBudget;
}

/** A slow line passes this many pieces a second, so that it is even and does not come in bursts. */
const PIECES_PER_SECOND = 20;

/** The most that a fast line passes at once. */
const MAX_PIECE_BYTES = 16 * 1024;

/** Lets bytes pass as `budget` allows. */
export function slowFilter({ time, expiresAtMs, bytesPerSecond, budget }: SlowOptions): Filter {
  return pacedFilter({
    time,
    expiresAtMs,
    pieceBytes: Math.max(1, Math.min(MAX_PIECE_BYTES, Math.floor(bytesPerSecond / PIECES_PER_SECOND))),
    waitMs: (bytes, nowMs) => budget.take(bytes, nowMs),
  });
}

/** What has become of the bytes of a direction. */
export interface BlackHole {
  /** Whether any were dropped: then the stream has a gap that nothing can mend. */
  hasLost: boolean;
}

/**
 * Takes everything, the sender's FIN included, and passes nothing; the sender is not slowed, so that it believes itself
 * heard. A FIN with nothing dropped before it passes when the rule expires; once bytes are dropped nothing ever passes,
 * because a stream with a gap is worse than none.
 */
export function blackHoleFilter({ time, expiresAtMs }: FaultFilterOptions, hole: BlackHole): Filter {
  return (signal) =>
    new TransformStream<Uint8Array, Uint8Array>(
      {
        transform(chunk, controller): void {
          if (!hole.hasLost && time.clock.nowMs() >= expiresAtMs) controller.enqueue(chunk);
          else hole.hasLost = true;
        },
        async flush(): Promise<void> {
          if (hole.hasLost) await pauseUntil(Infinity, time, signal);
          await pauseUntil(expiresAtMs, time, signal);
        },
      },
      { highWaterMark: 1 },
      { highWaterMark: 0 },
    );
}
