import { type Address, type DialSettings, formatAddress, type TcpAddress } from "../../base/mod.ts";
import type { CancelSignal } from "../cancel.ts";
import type {
  Confinement,
  ConfinementOptions,
  Connection,
  ListeningSocket,
  ListenOptions,
  NativeOptions,
  NativeTransport,
  Transport,
} from "../transport.ts";
import { LinuxConnection } from "./connection.ts";
import { AF_UNIX, F_GETFL, F_SETFL, SOCK_NONBLOCK } from "./calls/constants.ts";
import { confineThread } from "./confinement/confine.ts";
import { connect } from "./dial/connect.ts";
import { DialSockets } from "./dial/dial_sockets.ts";
import { Libc } from "./calls/libc.ts";
import { listenTcp, listenUnix, openShared } from "./listen.ts";
import { Descriptors } from "./descriptors.ts";
import { Sockets } from "./sockets.ts";

export { Libc };

export interface LinuxTransportOptions extends NativeOptions {
  /** What makes the calls; closed with the transport. Default the C library, bound here. */
  readonly libc?: Libc;
}

/** The sockets of one thread, by the kernel's own calls. */
export class LinuxTransport implements NativeTransport {
  readonly #sockets: Sockets;
  readonly #options: NativeOptions;

  /** @throws the runtime's error where FFI is not permitted, or the C library is missing. */
  constructor(options: LinuxTransportOptions = {}) {
    this.#options = options;
    this.#sockets = new Sockets(options.descriptors, options.libc);
  }

  listen(address: TcpAddress, { shared, settings }: ListenOptions): ListeningSocket {
    const handle = shared ? this.#options.handles?.get(formatAddress(address)) : undefined;
    return handle === undefined
      ? listenTcp(this.#sockets, address, settings)
      : openShared(this.#sockets, address, { handle, settings });
  }

  listenUnix(path: string): ListeningSocket {
    const handle = this.#options.handles?.get(formatAddress({ kind: "unix", path }));
    return handle === undefined
      ? listenUnix(this.#sockets, path)
      : openShared(this.#sockets, { kind: "unix", path }, { handle });
  }

  isOpen(address: Address): boolean {
    return this.#options.handles?.has(formatAddress(address)) === true;
  }

  adopt(fd: number): Connection {
    const { libc } = this.#sockets;
    this.#sockets.own(fd);
    try {
      const flags = libc.check("fcntl", libc.calls.fcntl(fd, F_GETFL, 0));
      libc.check("fcntl", libc.calls.fcntl(fd, F_SETFL, flags | SOCK_NONBLOCK));
    } catch (error) {
      this.#sockets.close(fd);
      throw error;
    }
    return new LinuxConnection(this.#sockets, fd, { family: AF_UNIX, peer: { kind: "unix", path: "" } });
  }

  connect(address: Address, signal: CancelSignal): Promise<Connection> {
    return connect(this.#sockets, address, { signal, lookup: this.#options.lookup ?? systemLookup });
  }

  multipathProblem(): string | undefined {
    return this.#sockets.multipathRefusal()?.message;
  }

  dialing(settings: DialSettings): Pick<Transport, "connect"> {
    const sockets = this.#sockets;
    const lookup = this.#options.lookup ?? systemLookup;
    const dialing = new DialSockets(sockets, settings);
    return {
      connect: (address, signal, dialFor) => connect(sockets, address, { signal, lookup, dialing, dialFor }),
    };
  }

  confine(options: ConfinementOptions): Promise<Confinement> {
    return confineThread(this.#sockets.libc, options);
  }

  allocate(): SharedArrayBuffer {
    return Descriptors.allocate(this.#sockets.libc);
  }

  closeAll(memory: SharedArrayBuffer): void {
    const descriptors = new Descriptors(memory);
    for (const fd of descriptors.list()) {
      descriptors.closed(fd);
      this.#sockets.libc.calls.close(fd);
    }
  }

  async end(): Promise<void> {
    await this.#sockets.end();
  }
}

/** `getaddrinfo(3)` by the runtime, which checks its permission for the name. */
async function systemLookup(host: string): Promise<string[]> {
  const { lookup } = await import("node:dns/promises");
  return (await lookup(host, { all: true })).map(({ address }) => address);
}
