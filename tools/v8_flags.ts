/**
 * Flags for the engine, of the binary and of every task that runs the proxy.
 *
 * The engine lets the space for new objects grow to two halves of 16 MiB and more under a burst of connections, and never
 * gives them back: most of what an idle connection seems to cost. Halves of 4 MiB are collected as fast.
 *
 * Nor does it share a collection among threads. The space is small, so the threads that help have little to do; but the
 * thread that serves connections waits for each of them to get a core, 35 to 75 ms on a busy machine.
 *
 * Hot code goes from the baseline compiler straight to the optimizing one, after 1,000 calls rather than 400 for the
 * compiler between them and 3,000 for the last. A proxy does one thing all day: it reaches its full speed after 10,000
 * connections instead of 50,000, and needs 40 MB less.
 *
 * The program may collect garbage by itself: once a crowd of connections has left, nothing else would
 * (`lib/proxy/local/crowd_collection.ts`).
 */
export const V8_FLAGS =
  "--max-semi-space-size=4,--single-threaded-gc,--no-maglev,--invocation-count-for-turbofan=1000,--expose-gc";
