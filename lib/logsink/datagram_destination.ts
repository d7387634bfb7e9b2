import { errorCode, errorMessage } from "../base/mod.ts";
import type { LogDestination } from "../log/mod.ts";
import type { DatagramSocket } from "../net/mod.ts";
import { lineAt } from "./lines.ts";
import { LogServerError } from "./server_error.ts";

/** How a {@link DatagramDestination} sends. */
export interface DatagramDestinationOptions {
  /** The server, as messages call it. */
  readonly name: string;
  /** Opens a socket to the server; called again after a failure. */
  open(): Promise<DatagramSocket>;
  /** Makes a datagram of a line without its line feed. */
  datagramOf(line: Uint8Array): Uint8Array;
  /** How long a socket is used before another is opened, which may find the server at another address; default for ever. */
  readonly renewMs?: number;
}

/** The size that every receiver should accept (RFC 5424 section 6.1). */
const FALLBACK_BYTES = 2048;
/** The most datagrams that one write sends, so that the sent part of a long batch counts soon. */
const MAX_AT_ONCE = 64;

/**
 * Sends each line as one datagram. While the receiver's queue is full, a send waits without blocking the thread, and
 * ends by itself once there is room, or the receiver is gone.
 */
export class DatagramDestination implements LogDestination {
  readonly #options: DatagramDestinationOptions;
  #socket: DatagramSocket | undefined;
  #openedMs = 0;

  constructor(options: DatagramDestinationOptions) {
    this.#options = options;
  }

  async write(lines: Uint8Array): Promise<number> {
    let done = 0;
    try {
      const socket = this.#socket ?? await this.#open();
      for (let count = 0; count < MAX_AT_ONCE; count++) {
        const found = lineAt(lines, done);
        if (found === undefined) break;
        await this.#send(socket, found.line);
        done = found.next;
      }
      if (performance.now() - this.#openedMs > (this.#options.renewMs ?? Infinity)) await this.close();
    } catch (error) {
      await this.close();
      if (done === 0) {
        throw new LogServerError(this.#options.name, errorCode(error), errorMessage(error));
      }
    }
    return done;
  }

  writeSync(): number {
    throw new LogServerError(this.#options.name, "ENOTSUP", "a socket cannot be written at once");
  }

  close(): Promise<void> {
    this.#socket?.close();
    this.#socket = undefined;
    return Promise.resolve();
  }

  async #open(): Promise<DatagramSocket> {
    const socket = await this.#options.open();
    this.#socket = socket;
    this.#openedMs = performance.now();
    return socket;
  }

  async #send(socket: DatagramSocket, line: Uint8Array): Promise<void> {
    const datagram = this.#options.datagramOf(line);
    try {
      await socket.send(datagram);
    } catch (error) {
      if (errorCode(error) !== "EMSGSIZE") throw error;
      // No attempt would ever succeed with this one.
      await socket.send(datagram.subarray(0, FALLBACK_BYTES));
    }
  }
}
