import { MAX_TIMER_MS } from "../base/mod.ts";
import type { Pace } from "./pace.ts";
import type { Filter } from "./streams.ts";

/** How many bytes may pass and when: a token bucket, kept by whoever limits. */
export interface ByteBudget {
  /** Takes `bytes` and gives how many milliseconds to wait before they may pass; 0 when they may pass at once. */
  take(bytes: number, nowMs: number): number;
}

/** The most bytes that pass at once: at 1 MiB/s they take 16 ms. */
const SLICE_BYTES = 16 * 1024;

/** Lets bytes pass at a pace. The wait ends at once when the session does. */
export function bandwidthFilter(pace: Pace): Filter {
  const sliceBytes = Math.min(SLICE_BYTES, pace.pieceBytes);
  return (signal) =>
    new TransformStream<Uint8Array, Uint8Array>(
      {
        async transform(chunk, controller): Promise<void> {
          for (let offset = 0; offset < chunk.length; offset += sliceBytes) {
            const slice = chunk.subarray(offset, offset + sliceBytes);
            await pace.keep(slice.length, { ending: signal });
            controller.enqueue(slice);
          }
        },
      },
      { highWaterMark: 1 },
      { highWaterMark: 0 },
    );
}

/**
 * Waits `ms`, or rejects with the signal's reason as soon as it is aborted. A wait of nothing is none.
 *
 * @throws the signal's reason.
 */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.reject(signal.reason);
  if (ms <= 0) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", onAbort);
      resolve();
    }, Math.min(ms, MAX_TIMER_MS));
    signal.addEventListener("abort", onAbort, { once: true });
  });
}
