import type { Duplex } from "../base/mod.ts";
import type { BufferPool, EarlyRead } from "../relay/mod.ts";

/**
 * How long a client that has finished without a byte keeps its dial: a client that has left looks the same as one that
 * only listens (`nc -N host port </dev/null` on a protocol where the server speaks first), and the latter is served by
 * any target that answers at all.
 */
const SILENT_CLIENT_GRACE_MS = 1000;

export interface ClientWatchOptions {
  readonly buffers: BufferPool;
  /** Whether it has said something already: then it is one that only listens where it finishes. */
  readonly hasSpoken: boolean;
  /** Called when it has left. */
  onGone(): void;
}

/** Notices a client that leaves while its target is dialed, by its first read, which begins before there is a target. */
export class ClientWatch {
  readonly early: EarlyRead;
  readonly #options: ClientWatchOptions;
  #isOver = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(client: Duplex, options: ClientWatchOptions) {
    this.#options = options;
    const buffer = options.buffers.take(0);
    const result = client.read(buffer);
    result.then(this.#read, this.#failed);
    this.early = { buffer, result };
  }

  /** Ends the watch; the read goes on, and is whoever's that goes on with the client. Idempotent. */
  end(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
  }

  /** Gives the read's buffer back when the read has ended: nobody goes on with the client, which is closed. */
  giveUp(): void {
    const { early } = this;
    const giveBack = (): void => this.#options.buffers.give(0, early.buffer);
    early.result.then(giveBack, giveBack);
  }

  readonly #read = (count: number | null): void => {
    if (count !== null || this.#isOver || this.#options.hasSpoken) return;
    this.#timer = setTimeout(() => this.#options.onGone(), SILENT_CLIENT_GRACE_MS);
  };

  readonly #failed = (): void => {
    if (!this.#isOver) this.#options.onGone();
  };
}
