import type { Address, ListenSettings } from "../../base/mod.ts";
import { type Connection, type ListeningSocket, SettingsError, type SocketHandle } from "../transport.ts";
import { LinuxConnection } from "./connection.ts";
import { SO_COOKIE, SOCK_CLOEXEC, SOCK_NONBLOCK, SOL_SOCKET } from "./calls/constants.ts";
import { badResource, ERRNO, interrupted, SystemError } from "./calls/errno.ts";
import type { Libc } from "./calls/libc.ts";
import { familyOf } from "./calls/sockaddr.ts";
import { resetSockaddr, SOCKADDR, SOCKADDR_LENGTH, takeSockaddr } from "./socket.ts";
import { applyListenSettings, changeListenSettings } from "./socket_settings.ts";
import type { Sockets } from "./sockets.ts";

/**
 * Errors of the connection that was to be accepted, which is gone; the next one may be there (`accept(2)`, "Error
 * handling").
 */
const LOST: ReadonlySet<number> = new Set([
  ERRNO.ENONET,
  ERRNO.EPROTO,
  ERRNO.ENOPROTOOPT,
  ERRNO.EOPNOTSUPP,
  ERRNO.ENETDOWN,
  ERRNO.ENETUNREACH,
  ERRNO.ECONNABORTED,
  ERRNO.ETIMEDOUT,
  ERRNO.EHOSTDOWN,
  ERRNO.EHOSTUNREACH,
]);

/** Connections taken in one turn; then the others get theirs. */
const ACCEPTS_A_TURN = 64;

/** Returns a number that no other socket of this system has or had. */
export function cookieOf(libc: Libc, fd: number): bigint {
  const cookie = new BigUint64Array(1);
  const length = Uint8Array.of(8, 0, 0, 0);
  libc.check(
    "getsockopt",
    libc.calls.getsockopt(fd, SOL_SOCKET, SO_COOKIE, new Uint8Array(cookie.buffer), length),
  );
  return cookie[0] ?? 0n;
}

interface PendingAccept {
  resolve(conn: Connection): void;
  reject(error: unknown): void;
}

export interface LinuxListeningSocketOptions {
  /** Whether the file of a unix socket is removed with it; default it is not. */
  readonly ownsFile?: boolean;
  /** Those of the socket, where it may be given others; default it may not. */
  readonly settings?: ListenSettings | undefined;
}

/** A listening socket of the kernel. */
export class LinuxListeningSocket implements ListeningSocket {
  generation = 0;
  readonly address: Address;
  readonly #sockets: Sockets;
  readonly #fd: number;
  readonly #family: number;
  readonly #ownsFile: boolean;
  /** `undefined` for one that may not be given others. */
  #settings: ListenSettings | undefined;
  #isClosed = false;
  #isWatched = false;
  #pending: PendingAccept | undefined;
  #turn = 0;
  #acceptsLeft = 0;
  #isDeferred = false;
  /** Whether the kernel's queue was found empty; an event reports what comes after that. */
  #isDrained = false;

  constructor(
    sockets: Sockets,
    fd: number,
    address: Address,
    options: LinuxListeningSocketOptions = {},
  ) {
    this.#settings = options.settings;
    this.#sockets = sockets;
    this.#fd = fd;
    this.address = address;
    this.#ownsFile = options.ownsFile === true;
    this.#family = familyOf(address);
  }

  prepareSettings(settings: ListenSettings): () => void {
    const before = this.#settings;
    if (before === undefined) return () => {};
    if (before.mptcp !== settings.mptcp) throw new SettingsError("restart, or give the app another port");
    const { libc } = this.#sockets;
    // Another socket shows whether the kernel takes them, and nothing has changed if it does not.
    const trial = settings.mptcp
      ? this.#sockets.createMultipath(this.#family)
      : this.#sockets.create(this.#family);
    try {
      applyListenSettings(libc, trial, settings, this.#family);
    } finally {
      this.#sockets.close(trial);
    }
    return () => {
      if (this.#isClosed) return;
      changeListenSettings(libc, this.#fd, { before, after: settings, family: this.#family });
      this.#settings = settings;
    };
  }

  get handle(): SocketHandle {
    return { fd: this.#fd, cookie: cookieOf(this.#sockets.libc, this.#fd) };
  }

  accept(): Promise<Connection> {
    if (this.#isClosed) return Promise.reject(badResource());
    if (this.#pending !== undefined) return Promise.reject(new Error("accept: another accept is pending"));
    try {
      // Before it is looked at: whatever comes afterwards is an event.
      if (!this.#isWatched) {
        this.#sockets.reactor.add(this.#fd, this);
        this.#isWatched = true;
      }
      const conn = this.#accept();
      if (conn !== undefined) return Promise.resolve(conn);
    } catch (error) {
      return Promise.reject(error);
    }
    return new Promise((resolve, reject) => {
      this.#pending = { resolve, reject };
    });
  }

  tryAccept(): Connection | undefined {
    // Until it is watched nothing reports what comes.
    return this.#isWatched && !this.#isClosed && this.#pending === undefined ? this.#accept() : undefined;
  }

  close(): void {
    if (this.#isClosed) throw badResource();
    this.#isClosed = true;
    if (this.#isWatched) this.#sockets.reactor.unwatch(this.#fd);
    this.#sockets.close(this.#fd);
    if (this.#ownsFile && this.address.kind === "unix") {
      // If it fails, the file is already gone.
      this.#sockets.libc.calls.unlink(new TextEncoder().encode(`${this.address.path}\0`));
    }
    const pending = this.#pending;
    this.#pending = undefined;
    pending?.reject(interrupted());
    this.#sockets.reactor.settled();
  }

  /** Called by the reactor. */
  onEvents(): void {
    this.#isDrained = false;
    this.#retry();
  }

  /** Called by the reactor. */
  onEnd(): void {
    if (!this.#isClosed) this.close();
  }

  /** Called by the reactor, in the turn after the one whose budget was spent. */
  onTurn(): void {
    this.#isDeferred = false;
    this.#retry();
  }

  #retry(): void {
    const pending = this.#pending;
    if (pending === undefined) return;
    try {
      const conn = this.#accept();
      if (conn === undefined) return;
      this.#pending = undefined;
      pending.resolve(conn);
    } catch (error) {
      this.#pending = undefined;
      pending.reject(error);
    }
    this.#sockets.reactor.settled();
  }

  #defer(): void {
    if (this.#isDeferred) return;
    this.#isDeferred = true;
    this.#sockets.reactor.defer(this);
  }

  /** The next connection that waits; `undefined` for none in this turn. @throws {SystemError} */
  #accept(): LinuxConnection | undefined {
    if (this.#isDrained) return undefined;
    const { libc, reactor } = this.#sockets;
    if (this.#turn !== reactor.turn) {
      this.#turn = reactor.turn;
      this.#acceptsLeft = ACCEPTS_A_TURN;
    }
    for (;;) {
      if (this.#acceptsLeft === 0) {
        this.#defer();
        return undefined;
      }
      resetSockaddr();
      const fd = libc.calls.accept4(this.#fd, SOCKADDR, SOCKADDR_LENGTH, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd >= 0) {
        this.#acceptsLeft--;
        this.#sockets.own(fd);
        const { address } = this;
        const peer = takeSockaddr();
        return new LinuxConnection(this.#sockets, fd, {
          family: this.#family,
          peer,
          // The socket of one address has that address; for one of all addresses it is looked up on first use.
          ...(isWildcard(address) ? {} : { local: address }),
        });
      }
      const code = libc.errno;
      if (code === ERRNO.EAGAIN) {
        this.#isDrained = true;
        return undefined;
      }
      if (code === ERRNO.EINTR) continue;
      if (!LOST.has(code)) throw new SystemError("accept4", code);
      this.#acceptsLeft--;
    }
  }
}

function isWildcard(address: Address): boolean {
  return address.kind === "tcp" && (address.host === "::" || address.host === "0.0.0.0");
}
