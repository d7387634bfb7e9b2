import type { Pace } from "./pace.ts";
import type { Filter } from "./streams.ts";

/** Largest piece that passes at once: 16 ms at 1 MiB/s. */
const SLICE_BYTES = 16 * 1024;

/** Limits the rate of a direction. The wait ends as soon as the session does. */
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
