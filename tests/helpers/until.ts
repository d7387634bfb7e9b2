/** Only a fault takes so long, on the busiest machine. */
const LIMIT_MS = 120_000;

/** Between two looks; a look may be a request, or a process. */
const MAX_PAUSE_MS = 16;

/**
 * Resolves when it is so; for conditions that no event announces.
 *
 * @throws {Error} when it is not so for two minutes, so that a fault ends a run of tests.
 */
export async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  const endsMs = performance.now() + LIMIT_MS;
  let pauseMs = 1;
  while (!await isSo()) {
    if (performance.now() > endsMs) throw new Error(`still not so after ${LIMIT_MS / 1000} s: ${isSo}`);
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
    pauseMs = Math.min(MAX_PAUSE_MS, pauseMs * 2);
  }
}
