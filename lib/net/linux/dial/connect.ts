import { type Address, parseIp, type TcpAddress } from "../../../base/mod.ts";
import { abortSignalOf, type CancelSignal } from "../../cancel.ts";
import { firstOf } from "../../_happy_eyeballs.ts";
import type { DialFor, Lookup } from "../../transport.ts";
import { LinuxConnection } from "../connection.ts";
import { AF_UNIX, EPOLLERR, EPOLLHUP, EPOLLOUT, SO_ERROR, SOL_SOCKET } from "../calls/constants.ts";
import type { DialSockets } from "./dial_sockets.ts";
import { EarlyConnection, OpeningConnection, sendEarly } from "./early_connections.ts";
import { ERRNO, interrupted, SystemError } from "../calls/errno.ts";
import type { Libc } from "../calls/libc.ts";
import type { Sink } from "../reactor.ts";
import { encodeSockaddr, familyOf, isEncoded } from "../calls/sockaddr.ts";
import { resetSockaddr, SOCKADDR, SOCKADDR_LENGTH } from "../socket.ts";
import type { Sockets } from "../sockets.ts";

export interface ConnectOptions {
  readonly signal: CancelSignal;
  readonly lookup: Lookup;
  /** Default plain sockets. */
  readonly dialing?: DialSockets | undefined;
  /** Whom it is for, where that matters to `dialing`. */
  readonly dialFor?: DialFor | undefined;
}

/** {@link Transport.connect} on sockets of the kernel. */
export function connect(
  sockets: Sockets,
  address: Address,
  options: ConnectOptions,
): Promise<LinuxConnection> {
  if (address.kind === "tcp" && !isEncoded(address) && parseIp(address.host) === undefined) {
    const { signal } = options;
    if (signal.aborted) return Promise.reject(signal.reason);
    return connectToName(sockets, address, { ...options, signal: abortSignalOf(signal) });
  }
  return connectTo(sockets, address, options);
}

async function connectToName(
  sockets: Sockets,
  { host, port }: TcpAddress,
  options: ConnectOptions & { readonly signal: AbortSignal },
): Promise<LinuxConnection> {
  const { signal, lookup } = options;
  const addresses = await unlessAborted(lookup(host), signal);
  return await firstOf(addresses, {
    signal,
    dial: (ip, inner) => connectTo(sockets, { kind: "tcp", host: ip, port }, { ...options, signal: inner }),
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

function connectTo(
  sockets: Sockets,
  address: Address,
  { signal, dialing, dialFor }: ConnectOptions,
): Promise<LinuxConnection> {
  if (signal.aborted) return Promise.reject(signal.reason);
  let fd: number;
  try {
    const name = encodeSockaddr(address);
    fd = dialing === undefined ? sockets.create(familyOf(address)) : dialing.create(address, dialFor);
    const code = begin(sockets, fd, name);
    if (code === ERRNO.EINPROGRESS) return new Dial(sockets, fd, address).made(signal);
    if (code !== 0) {
      sockets.close(fd);
      const error = new SystemError("connect", code);
      throw dialing === undefined ? error : dialing.explain(error);
    }
    // The kernel has done nothing yet: the first packet waits for the data that it is to carry.
    if (address.kind === "tcp" && dialing?.isWaiting(fd) === true) {
      return openEarly(sockets, fd, { address, signal, early: dialFor?.early });
    }
    return Promise.resolve(connectionOf(sockets, fd, address));
  } catch (error) {
    return Promise.reject(error);
  }
}

/** Takes over a socket whose connect waits for the first data. @throws {SystemError} */
function openEarly(
  sockets: Sockets,
  fd: number,
  { address, signal, early }: {
    readonly address: Address;
    readonly signal: CancelSignal;
    readonly early: Uint8Array | undefined;
  },
): Promise<LinuxConnection> {
  const options = { family: familyOf(address), peer: address };
  if (early === undefined) {
    refuseItself(sockets, fd, address);
    return Promise.resolve(new OpeningConnection(sockets, fd, options));
  }
  let sent: number;
  try {
    sent = sendEarly(sockets, fd, early);
  } catch (error) {
    sockets.close(fd);
    throw error;
  }
  const dial = new Dial(sockets, fd, address);
  dial.make = (events) => {
    refuseItself(sockets, fd, address);
    return new EarlyConnection(sockets, fd, { ...options, events, sent });
  };
  return dial.made(signal);
}

/** Returns the errno of a connect; 0 where the connection is made, which a socket on this machine is at once. */
function begin({ libc }: Sockets, fd: number, name: Uint8Array<ArrayBuffer>): number {
  if (libc.calls.connect(fd, name, name.length) === 0) return 0;
  const { errno } = libc;
  // After a signal it goes on by itself, and a second call would fail with EALREADY.
  return errno === ERRNO.EINTR ? ERRNO.EINPROGRESS : errno;
}

function connectionOf(sockets: Sockets, fd: number, peer: Address, events?: number): LinuxConnection {
  refuseItself(sockets, fd, peer);
  return new LinuxConnection(sockets, fd, { family: familyOf(peer), peer, events });
}

/**
 * Closes a connection that has connected to itself (see `lib/net/runtime/_itself.ts`).
 *
 * @throws {SystemError} as for a port that nothing listens on.
 */
function refuseItself(sockets: Sockets, fd: number, peer: Address): void {
  try {
    if (hasMetItself(sockets.libc, fd, encodeSockaddr(peer))) {
      throw new SystemError("connect", ERRNO.ECONNREFUSED);
    }
  } catch (error) {
    sockets.reactor.remove(fd);
    sockets.close(fd);
    throw error;
  }
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
  /** The last one: as long as one exists, the optimized code of its methods does (see `LocalSessions`). */
  protected static kept: Dial | undefined;
  generation = 0;
  readonly #sockets: Sockets;
  readonly #fd: number;
  readonly #address: Address;
  /** Makes the connection; default a plain one. */
  make: ((events: number) => LinuxConnection) | undefined;
  #made: ((events: number) => void) | undefined;
  #fail: ((error: unknown) => void) | undefined;

  constructor(sockets: Sockets, fd: number, address: Address) {
    this.#sockets = sockets;
    this.#fd = fd;
    this.#address = address;
  }

  made(signal: CancelSignal): Promise<LinuxConnection> {
    const { libc, reactor } = this.#sockets;
    Dial.kept = this;
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
          resolve(this.make?.(events) ?? connectionOf(this.#sockets, this.#fd, this.#address, events));
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
