import type { Address, TcpAddress } from "../../base/mod.ts";
import type { Connection, ListeningSocket } from "../transport.ts";
import { connectionOf } from "./connection.ts";

/**
 * Connections that the kernel may complete ahead of `accept` (capped by the system's `somaxconn`). A burst of clients
 * that reconnect after a restart overruns the runtime's 511.
 */
const BACKLOG = 4096;

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
  let port = wanted;
  if (port === 0) {
    // The runtime keys sockets by the requested address: two requests for port 0 would get the same one.
    const probe = Deno.listen({ hostname, port });
    port = probe.addr.port;
    probe.close();
  }
  const options = { hostname, port, tcpBacklog: BACKLOG, loadBalanced: true };
  return Deno.listen(options);
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
