import type { Address } from "../base/mod.ts";
import { errorCode, errorMessage, keepAlive } from "../base/mod.ts";
import type { LogDestination } from "../log/mod.ts";
import type { Connection, Transport } from "../net/mod.ts";
import { type Frames, linesWithin, octetCounted } from "./lines.ts";
import { LogServerError } from "./server_error.ts";

/** How long connecting may take. */
const CONNECT_LIMIT_MS = 5000;
/** How long the server may take nothing at all before it counts as lost: the kernel alone would wait 15 minutes. */
const WRITE_LIMIT_MS = 30_000;
/** Written at once. */
const CHUNK_BYTES = 64 * 1024;

/**
 * Sends lines to a syslog server over TCP, each as one message with its length before it (RFC 6587). Connects when there
 * is something to send; after a failure, the next attempt connects again. A message that was sent in part is sent again
 * whole. Messages that the server had not read when the connection was lost are lost, since nothing acknowledges them.
 */
export class StreamDestination implements LogDestination {
  readonly #address: Address;
  readonly #name: string;
  readonly #transport: Pick<Transport, "connect">;
  #connection: Connection | undefined;
  #closed = false;

  /** `name`: the server, as messages call it. */
  constructor(address: Address, name: string, transport: Pick<Transport, "connect">) {
    this.#address = address;
    this.#name = name;
    this.#transport = transport;
  }

  async write(lines: Uint8Array): Promise<number> {
    const frames = octetCounted(lines, CHUNK_BYTES);
    let sent = 0;
    try {
      const connection = this.#connection ??= await this.#connect();
      while (sent < frames.bytes.length) sent += await writeWithin(connection, frames.bytes.subarray(sent));
    } catch (error) {
      return this.#failed(error, { frames, sent });
    }
    return linesWithin(frames, sent);
  }

  writeSync(): number {
    throw new LogServerError(this.#name, "ENOTSUP", "a socket cannot be written at once");
  }

  async close(): Promise<void> {
    this.#closed = true;
    const connection = this.#connection;
    this.#connection = undefined;
    if (connection === undefined) return;
    try {
      await connection.closeWrite();
    } catch (error) {
      // The server was faster.
      if (!(error instanceof Error)) throw error;
    }
    connection.close();
  }

  async #connect(): Promise<Connection> {
    const connection = await this.#transport.connect(this.#address, AbortSignal.timeout(CONNECT_LIMIT_MS));
    if (this.#closed) {
      connection.close();
      throw new Error("the log was closed while it connected");
    }
    keepAlive(connection);
    void this.#watch(connection);
    return connection;
  }

  /** Sees the server close, since a write would succeed once more. */
  async #watch(connection: Connection): Promise<void> {
    const buffer = new Uint8Array(512);
    try {
      while (await connection.read(buffer) !== null);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
    }
    if (this.#connection === connection) this.#drop();
  }

  /** Lines that were sent whole count; the rest goes to another connection. */
  #failed(error: unknown, { frames, sent }: { frames: Frames; sent: number }): number {
    this.#drop();
    const done = linesWithin(frames, sent);
    if (done > 0) return done;
    throw new LogServerError(this.#name, errorCode(error), errorMessage(error));
  }

  #drop(): void {
    const connection = this.#connection;
    this.#connection = undefined;
    if (!this.#closed) connection?.close();
  }
}

/** Writes some bytes; rejects when the server takes none for so long. */
async function writeWithin(connection: Connection, bytes: Uint8Array): Promise<number> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    late.reject(new Error(`the server took nothing for ${WRITE_LIMIT_MS / 1000} s`));
  }, WRITE_LIMIT_MS);
  Deno.unrefTimer(timer);
  try {
    return await Promise.race([connection.write(bytes), late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
