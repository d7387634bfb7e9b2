import { type Address, errorMessage, formatAddress } from "../base/mod.ts";
import { Listener } from "../listen/mod.ts";
import type { Connection } from "../net/mod.ts";
import { getLogger } from "../log/mod.ts";

const BUFFER_BYTES = 16 * 1024;

/** Sends back what it is sent, and finishes when its client does. Survives any client. */
export class EchoServer {
  readonly #listener: Listener;
  readonly #conns = new Set<Connection>();

  /**
   * Listens and answers from here on.
   *
   * @throws {ListenError} when the address cannot be bound.
   */
  static open(address: Address): EchoServer {
    const server = new EchoServer(address);
    server.#listener.start();
    return server;
  }

  private constructor(address: Address) {
    const log = getLogger("echo");
    this.#listener = Listener.open(address, {
      observer: {
        acceptPaused: (_address, error) =>
          log.warning("accept paused: {error}", { error: errorMessage(error) }),
        acceptResumed: () => log.info("accept resumed"),
      },
      onConnection: (conn) => void this.#answer(conn),
    });
  }

  /** The bound address. */
  get address(): Address {
    return this.#listener.address;
  }

  /** Closes the listener and every connection. */
  async close(): Promise<void> {
    const closed = this.#listener.closeNow();
    for (const conn of this.#conns) conn.close();
    this.#conns.clear();
    await closed;
  }

  /** Never rejects; the connection is closed when it resolves. */
  async #answer(conn: Connection): Promise<void> {
    this.#conns.add(conn);
    try {
      const buffer = new Uint8Array(BUFFER_BYTES);
      for (let count = await conn.read(buffer); count !== null; count = await conn.read(buffer)) {
        for (let sent = 0; sent < count;) sent += await conn.write(buffer.subarray(sent, count));
      }
      await conn.closeWrite();
    } catch (error) {
      // A client may leave in any way that it likes; only who looks for it wants to know.
      getLogger("echo").debug("{address}: a client left: {error}", {
        address: formatAddress(this.address),
        error: errorMessage(error),
      });
    } finally {
      // `close` may have been here first.
      if (this.#conns.delete(conn)) conn.close();
    }
  }
}

/**
 * Opens an echo server on each address, or none.
 *
 * @throws {ListenError} when one cannot be bound.
 */
export async function openEchoServers(addresses: readonly Address[]): Promise<EchoServer[]> {
  const servers: EchoServer[] = [];
  try {
    for (const address of addresses) servers.push(EchoServer.open(address));
  } catch (error) {
    await closeAll(servers);
    throw error;
  }
  return servers;
}

/** Closes all of them. */
export async function closeAll(servers: readonly EchoServer[]): Promise<void> {
  await Promise.all(servers.map((server) => server.close()));
}
