/**
 * Connecting to a name with several addresses (RFC 8305).
 *
 * @module
 */

/** How long an attempt may take before the next one begins beside it (RFC 8305 section 5). */
const ATTEMPT_DELAY_MS = 250;

export interface FirstOfOptions<C> {
  /** Ends all attempts. */
  readonly signal: AbortSignal;
  /** Connects to one address; once its signal is aborted it rejects, and leaves nothing open. */
  dial(address: string, signal: AbortSignal): Promise<C>;
}

/**
 * Connects to the addresses in turn, both families alternating, and returns the first connection. An attempt begins when
 * the one before has failed or has taken {@link ATTEMPT_DELAY_MS}; the others are then ended.
 *
 * @throws the error of the last attempt that failed; the signal's reason once it is aborted.
 */
export async function firstOf<C extends { close(): void }>(
  addresses: readonly string[],
  { signal, dial }: FirstOfOptions<C>,
): Promise<C> {
  const ordered = alternating(addresses);
  const [only] = ordered;
  if (ordered.length === 1 && only !== undefined) return await dial(only, signal);
  const ending = new AbortController();
  const attempts: Promise<unknown>[] = [];
  const any = AbortSignal.any([signal, ending.signal]);
  const first = Promise.withResolvers<C>();
  let isOver = false;
  let error: unknown = new Error("connect: the name has no address");
  const attempt = async (address: string): Promise<void> => {
    try {
      const conn = await dial(address, any);
      if (isOver) return conn.close();
      isOver = true;
      first.resolve(conn);
    } catch (cause) {
      error = cause;
    }
  };
  try {
    for (const address of ordered) {
      const attempting = attempt(address);
      attempts.push(attempting);
      await delay(attempting, first.promise);
      if (isOver || signal.aborted) break;
    }
    if (!isOver && !signal.aborted) await Promise.race([first.promise, Promise.all(attempts)]);
    if (isOver) return await first.promise;
    throw signal.aborted ? signal.reason : error;
  } finally {
    isOver = true;
    ending.abort(new DOMException("another address was faster", "AbortError"));
    await Promise.all(attempts);
  }
}

/** The first address first, then the families in turn (RFC 8305 section 4). */
function alternating(addresses: readonly string[]): string[] {
  const isIpv6 = (address: string): boolean => address.includes(":");
  const startsWithIpv6 = isIpv6(addresses[0] ?? "");
  const same = addresses.filter((address) => isIpv6(address) === startsWithIpv6);
  const other = addresses.filter((address) => isIpv6(address) !== startsWithIpv6);
  const longest = Math.max(same.length, other.length);
  return Array.from({ length: longest }, (_, at) => [same[at], other[at]]).flat()
    .filter((address) => address !== undefined);
}

/** Waits for the attempt to end, a connection to be made, or the delay. */
async function delay(attempt: Promise<void>, first: Promise<unknown>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<void>((resolve) => timer = setTimeout(resolve, ATTEMPT_DELAY_MS));
  await Promise.race([attempt, first, late]);
  clearTimeout(timer);
}
