import type { Pace } from "./pace.ts";
import type { Filter } from "./streams.ts";

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
