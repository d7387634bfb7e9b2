import { type Duplex, joinBytes } from "../../base/mod.ts";
import type { BufferPool, PendingRead } from "../../relay/mod.ts";

/**
 * How much of a client that speaks meanwhile is taken, so that it is seen to leave. A request of most protocols fits; and
 * there may be thousands of them while a target is down.
 */
const MAX_EARLY_BYTES = 4 * 1024;

/** The options of a {@link ClientWatch}. */
export interface ClientWatchOptions {
  readonly buffers: BufferPool;
  /** The client's bytes read before. */
  readonly prefetched: Uint8Array | undefined;
  /** The client is gone: at most once, and not after the watch has ended. */
  onGone(): void;
}

/**
 * Reads from a client while its target is dialed, so that one that is gone stops the dialing. What the client says is kept
 * for the relay. Who closes the client ends its read.
 *
 * Gone is only a client whose read fails (a reset, a host that is lost). FIN says no more than that it sends nothing else:
 * a client that has left looks the same to a read as one that only listens (`nc -N host port </dev/null`, where the server
 * speaks first), and Linux gives the end for ever after it, even where a reset follows. Only a write can tell them apart,
 * and there is nothing to write before the target has spoken.
 */
export class ClientWatch {
  /** The client's bytes read so far, those from before the watch included. */
  prefetched: Uint8Array | undefined;
  /** The read that follows, which may be under way. */
  pendingRead: PendingRead;
  readonly #client: Duplex;
  readonly #options: ClientWatchOptions;
  #isOver = false;

  constructor(client: Duplex, options: ClientWatchOptions) {
    this.#client = client;
    this.#options = options;
    this.prefetched = options.prefetched;
    this.pendingRead = this.#read(options.buffers.take(0));
  }

  /** Hands the prefetched bytes and the pending read to the relay. Idempotent. */
  end(): void {
    this.#isOver = true;
  }

  #read(buffer: Uint8Array): PendingRead {
    const result = this.#client.read(buffer);
    result.then(this.#received, this.#gone);
    return { buffer, result };
  }

  readonly #received = (count: number | null): void => {
    const { prefetched, pendingRead: { buffer } } = this;
    // The end is the relay's to pass on.
    if (this.#isOver || count === null) return;
    // Bytes beyond the limit stay pending, as the relay's next chunk.
    if ((prefetched?.length ?? 0) + count > MAX_EARLY_BYTES) return;
    this.prefetched = joinBytes(prefetched, buffer.subarray(0, count));
    this.pendingRead = this.#read(buffer);
  };

  readonly #gone = (): void => {
    if (this.#isOver) return;
    this.end();
    this.#options.onGone();
  };
}
