import { type Clock, MAX_TIMER_MS } from "../base/mod.ts";
import type { Filter } from "./streams.ts";

/** How many bytes may pass and when: a token bucket, kept by whoever limits. */
export interface ByteBudget {
  /** Takes `bytes` and gives how many milliseconds to wait before they may pass; 0 when they may pass at once. */
  take(bytes: number, nowMs: number): number;
}

/** Bytes that pass at once: at 1 MiB/s a slice takes 16 ms, so that a slow flow is even and not in bursts. */
const SLICE_BYTES = 16 * 1024;

/** Lets bytes pass as `budget` allows. The wait ends at once when the session does. */
export function bandwidthFilter(budget: ByteBudget, clock: Clock): Filter {
  return (signal) =>
    new TransformStream<Uint8Array, Uint8Array>(
      {
        async transform(chunk, controller): Promise<void> {
          for (let offset = 0; offset < chunk.length; offset += SLICE_BYTES) {
            const slice = chunk.subarray(offset, offset + SLICE_BYTES);
            await pause(budget.take(slice.length, clock.nowMs()), signal);
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
