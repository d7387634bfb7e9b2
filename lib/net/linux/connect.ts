import { type Address, parseIp, type TcpAddress } from "../../base/mod.ts";
import { abortSignalOf, type CancelSignal } from "../cancel.ts";
import type { Lookup } from "../transport.ts";
import { firstOf } from "../_happy_eyeballs.ts";
import { LinuxConnection } from "./connection.ts";
import { AF_UNIX, EPOLLERR, EPOLLHUP, EPOLLOUT, SO_ERROR, SOL_SOCKET } from "./constants.ts";
import { ERRNO, interrupted, SystemError } from "./errno.ts";
import type { Libc } from "./libc.ts";
import type { Sink } from "./reactor.ts";
import { encodeSockaddr, familyOf, isEncoded } from "./sockaddr.ts";
import { resetSockaddr, SOCKADDR, SOCKADDR_LENGTH } from "./socket.ts";
import type { Sockets } from "./sockets.ts";

/** {@link Transport.connect} on sockets of the kernel. */
export function connect(
  sockets: Sockets,
  address: Address,
  { signal, lookup }: { readonly signal: CancelSignal; readonly lookup: Lookup },
): Promise<LinuxConnection> {
  if (address.kind === "tcp" && !isEncoded(address) && parseIp(address.host) === undefined) {
    if (signal.aborted) return Promise.reject(signal.reason);
    return connectToName(sockets, address, { signal: abortSignalOf(signal), lookup });
  }
  return connectTo(sockets, address, signal);
}

async function connectToName(
  sockets: Sockets,
  { host, port }: TcpAddress,
  { signal, lookup }: { readonly signal: AbortSignal; readonly lookup: Lookup },
): Promise<LinuxConnection> {
  const addresses = await unlessAborted(lookup(host), signal);
  return await firstOf(addresses, {
    signal,
    dial: (ip, inner) => connectTo(sockets, { kind: "tcp", host: ip, port }, inner),
  });
}

/** A lookup cannot be cancelled; a late answer is dropped. */
function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}

function connectTo(sockets: Sockets, address: Address, signal: CancelSignal): Promise<LinuxConnection> {
  if (signal.aborted) return Promise.reject(signal.reason);
  let fd: number;
  try {
    const name = encodeSockaddr(address);
    fd = sockets.create(familyOf(address));
    const code = begin(sockets, fd, name);
    if (code === ERRNO.EINPROGRESS) return new Dial(sockets, fd, address).made(signal);
    if (code !== 0) {
      sockets.close(fd);
      throw new SystemError("connect", code);
    }
    return Promise.resolve(connectionOf(sockets, fd, address));
  } catch (error) {
    return Promise.reject(error);
  }
}

/** Returns the errno of a connect; 0 where the connection is made, which a socket on this machine is at once. */
function begin({ libc }: Sockets, fd: number, name: Uint8Array<ArrayBuffer>): number {
  if (libc.calls.connect(fd, name, name.length) === 0) return 0;
  const { errno } = libc;
  // After a signal it goes on by itself, and a second call would fail with EALREADY.
  return errno === ERRNO.EINTR ? ERRNO.EINPROGRESS : errno;
}

/**
 * Takes a connection over, unless it has connected to itself (see `lib/net/runtime/_itself.ts`).
 *
 * @throws {SystemError} as for a port that nothing listens on.
 */
function connectionOf(sockets: Sockets, fd: number, peer: Address, events?: number): LinuxConnection {
  try {
    if (hasMetItself(sockets.libc, fd, encodeSockaddr(peer))) {
      throw new SystemError("connect", ERRNO.ECONNREFUSED);
    }
  } catch (error) {
    sockets.reactor.remove(fd);
    sockets.close(fd);
    throw error;
  }
  return new LinuxConnection(sockets, fd, { family: familyOf(peer), peer, events });
}

/** Whether the socket's own address is its peer's. @throws {SystemError} */
function hasMetItself(libc: Libc, fd: number, peer: Uint8Array): boolean {
  if (peer[0] === AF_UNIX) return false;
  resetSockaddr();
  libc.check("getsockname", libc.calls.getsockname(fd, SOCKADDR, SOCKADDR_LENGTH));
  // The port first: it nearly always differs. Then the address, before the scope of IPv6.
  for (let at = 2; at < Math.min(peer.length, 24); at++) {
    if (SOCKADDR[at] !== peer[at]) return false;
  }
  return true;
}

/** A connect that waits for the network. */
class Dial implements Sink {
  generation = 0;
  readonly #sockets: Sockets;
  readonly #fd: number;
  readonly #address: Address;
  #made: ((events: number) => void) | undefined;
  #fail: ((error: unknown) => void) | undefined;

  constructor(sockets: Sockets, fd: number, address: Address) {
    this.#sockets = sockets;
    this.#fd = fd;
    this.#address = address;
  }

  made(signal: CancelSignal): Promise<LinuxConnection> {
    const { libc, reactor } = this.#sockets;
    return new Promise((resolve, reject) => {
      const fail = (error: unknown): void => {
        end();
        reactor.remove(this.#fd);
        this.#sockets.close(this.#fd);
        reject(error);
      };
      this.#fail = fail;
      const onAbort = (): void => fail(signal.reason);
      const end = (): void => {
        this.#made = this.#fail = undefined;
        signal.removeEventListener("abort", onAbort);
        reactor.settled();
      };
      this.#made = (events) => {
        const hasFailed = (events & (EPOLLERR | EPOLLHUP)) !== 0;
        const code = hasFailed ? libc.option(this.#fd, SOL_SOCKET, SO_ERROR) : 0;
        if (code !== 0) return fail(new SystemError("connect", code));
        end();
        try {
          resolve(connectionOf(this.#sockets, this.#fd, this.#address, events));
        } catch (error) {
          reject(error);
        }
      };
      signal.addEventListener("abort", onAbort);
      try {
        reactor.add(this.#fd, this);
      } catch (error) {
        fail(error);
      }
    });
  }

  /** Called by the reactor. */
  onEnd(): void {
    this.#fail?.(interrupted());
  }

  /** Called by the reactor. */
  onEvents(events: number): void {
    if ((events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) !== 0) this.#made?.(events);
  }
}
