import type { Duplex } from "../base/mod.ts";
import type { BufferPool, EarlyRead } from "../relay/mod.ts";

/**
 * How long a client that has finished without a byte keeps its dial: a client that has left looks the same as one that
 * only listens (`nc -N host port </dev/null` on a protocol where the server speaks first), and the latter is served by
 * any target that answers at all.
 */
const SILENT_CLIENT_GRACE_MS = 1000;

/**
 * How much of a client that speaks meanwhile is taken, so that it is seen to leave. A request of most protocols fits; and
 * there may be thousands of them while a target is down.
 */
const MAX_EARLY_BYTES = 4 * 1024;

/** What a {@link ClientWatch} is given beside the client. */
export interface ClientWatchOptions {
  readonly buffers: BufferPool;
  /** What was read of the client before. */
  readonly lead: Uint8Array | undefined;
  /** The client has left: at most once, and not after the watch has ended. */
  onGone(): void;
}

/**
 * Reads from a client while its target is dialed, so that one that leaves stops the dialing. What the client says is kept
 * for the relay. Who closes the client ends its read.
 */
export class ClientWatch {
  /** What was read of the client, what came before the watch included. */
  lead: Uint8Array | undefined;
  /** The read that follows, which may be under way. */
  early: EarlyRead;
  readonly #client: Duplex;
  readonly #options: ClientWatchOptions;
  #graceTimer: ReturnType<typeof setTimeout> | undefined;
  #isOver = false;

  constructor(client: Duplex, options: ClientWatchOptions) {
    this.#client = client;
    this.#options = options;
    this.lead = options.lead;
    this.early = this.#read(options.buffers.take(0));
  }

  /** From here on the lead and the early read are whoever's who relays them. Idempotent. */
  end(): void {
    this.#isOver = true;
    clearTimeout(this.#graceTimer);
  }

  #read(buffer: Uint8Array): EarlyRead {
    const result = this.#client.read(buffer);
    result.then(this.#received, this.#gone);
    return { buffer, result };
  }

  readonly #received = (count: number | null): void => {
    const { lead, early: { buffer } } = this;
    if (this.#isOver) return;
    if (count === null) {
      // One that has said something may want no more than the answer.
      if (lead === undefined) this.#graceTimer = setTimeout(this.#gone, SILENT_CLIENT_GRACE_MS);
      return;
    }
    // What would be too much stays where it is, as the relay's next chunk.
    if ((lead?.length ?? 0) + count > MAX_EARLY_BYTES) return;
    this.lead = joined(lead, buffer.subarray(0, count));
    this.early = this.#read(buffer);
  };

  readonly #gone = (): void => {
    if (this.#isOver) return;
    this.end();
    this.#options.onGone();
  };
}

/** A copy of both, the second behind the first. */
function joined(first: Uint8Array | undefined, second: Uint8Array): Uint8Array {
  if (first === undefined) return second.slice();
  const whole = new Uint8Array(first.length + second.length);
  whole.set(first);
  whole.set(second, first.length);
  return whole;
}
