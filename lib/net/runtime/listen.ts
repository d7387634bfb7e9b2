import type { Address, TcpAddress } from "../../base/mod.ts";
import type { Connection, ListeningSocket } from "../transport.ts";
import { connectionOf } from "./connection.ts";

/**
 * Connections that the kernel may complete ahead of `accept` (capped by the system's `somaxconn`). A burst of clients
 * that reconnect after a restart overruns the runtime's 511.
 */
const BACKLOG = 4096;

/** Attempts to bind a port that the system has chosen. */
const FREE_PORT_TRIES = 10;

/** Implements {@link Transport.listen} with the runtime's sockets. */
export function listen(address: TcpAddress, { shared }: { readonly shared: boolean }): ListeningSocket {
  const socket = shared
    ? listenShared(address)
    : Deno.listen({ hostname: address.host, port: address.port, tcpBacklog: BACKLOG });
  return new RuntimeSocket(socket, { ...address, port: socket.addr.port });
}

/** Implements {@link Transport.listenUnix} with the runtime's sockets. */
export function listenUnix(path: string): ListeningSocket {
  return new RuntimeSocket(Deno.listen({ transport: "unix", path }), { kind: "unix", path });
}

/**
 * Binds with `loadBalanced`, as the runtime's own parallel HTTP server does: it keeps one socket per address for the
 * whole process, and gives each listener a duplicate. (`reusePort` makes one queue per listener instead, and a queue
 * is reset when its listener's thread ends.)
 */
function listenShared({ host: hostname, port: wanted }: TcpAddress): Deno.TcpListener {
  const listen = (port: number): Deno.TcpListener =>
    Deno.listen({ hostname, port, tcpBacklog: BACKLOG, ...{ loadBalanced: true } });
  if (wanted !== 0) return listen(wanted);
  for (let tries = 1;; tries++) {
    // The runtime keys sockets by the requested address: two requests for port 0 would get the same one.
    const probe = Deno.listen({ hostname, port: 0 });
    const { port } = probe.addr;
    probe.close();
    try {
      return listen(port);
    } catch (error) {
      // Another process may have got the port in between.
      if (!(error instanceof Deno.errors.AddrInUse) || tries === FREE_PORT_TRIES) throw error;
    }
  }
}

class RuntimeSocket implements ListeningSocket {
  readonly address: Address;
  readonly #socket: Deno.TcpListener | Deno.UnixListener;

  constructor(socket: Deno.TcpListener | Deno.UnixListener, address: Address) {
    this.#socket = socket;
    this.address = address;
  }

  async accept(): Promise<Connection> {
    return connectionOf(await this.#socket.accept());
  }

  close(): void {
    this.#socket.close();
  }
}
