import type { Address, TcpAddress } from "../../base/mod.ts";
import type { Connection, ListeningSocket } from "../transport.ts";
import { connectionOf } from "./connection.ts";

/**
 * Connections that the kernel may complete ahead of `accept` (capped by the system's `somaxconn`). The runtime's 511 is
 * overrun by a burst of clients that reconnect after a restart.
 */
const BACKLOG = 4096;

/** {@link Transport.listen} by the runtime. */
export function listen(address: TcpAddress, { shared }: { readonly shared: boolean }): ListeningSocket {
  const socket = shared
    ? listenShared(address)
    : Deno.listen({ hostname: address.host, port: address.port, tcpBacklog: BACKLOG });
  return new RuntimeSocket(socket, { ...address, port: socket.addr.port });
}

/** {@link Transport.listenUnix} by the runtime. */
export function listenUnix(path: string): ListeningSocket {
  return new RuntimeSocket(Deno.listen({ transport: "unix", path }), { kind: "unix", path });
}

/**
 * `loadBalanced` is what the runtime's own parallel HTTP server binds with: one socket an address for the whole process, of
 * which each listener gets a duplicate. (`reusePort` makes a queue for each listener instead, and what waits in a queue is
 * reset when its listener's thread ends.)
 */
function listenShared({ host: hostname, port: wanted }: TcpAddress): Deno.TcpListener {
  let port = wanted;
  if (port === 0) {
    // The runtime keeps the sockets by what was asked for: two that ask for port 0 would get the same one.
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
