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
 * New objects are always made in that space. While it is still small, right after the start, most of what a session is made
 * of survives a collection, and the engine would make such objects among the old ones from then on, where they stay until
 * all of the heap is collected: a quarter more CPU in user mode for each connection.
 *
 * The program may collect garbage by itself: once a crowd of connections has left, nothing else would
 * (`lib/proxy/local/crowd_collection.ts`).
 */
export const V8_FLAGS =
  "--max-semi-space-size=4,--single-threaded-gc,--no-maglev,--invocation-count-for-turbofan=1000,--no-allocation-site-pretenuring,--expose-gc";
