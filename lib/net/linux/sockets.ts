import { AF_INET, IPPROTO_MPTCP } from "./calls/constants.ts";
import { createSocket } from "./socket.ts";
import { Descriptors } from "./descriptors.ts";
import { Drains } from "./drains.ts";
import { ERRNO, SystemError } from "./calls/errno.ts";
import { Heads } from "./heads.ts";
import { Libc } from "./calls/libc.ts";
import { Pipes } from "./pipes.ts";
import { Reactor } from "./reactor.ts";

/** State that all sockets of one thread share. Every descriptor is opened and closed here, once each. */
export class Sockets {
  readonly libc: Libc;
  readonly reactor: Reactor;
  readonly drains: Drains;
  readonly pipes: Pipes;
  readonly heads: Heads;
  readonly #descriptors: Descriptors;
  /** The kernel has refused Multipath TCP with this. */
  #multipathRefusal: SystemError | undefined;

  /**
   * @param memory where to record the descriptors, for the thread that cleans up after this one; default: none.
   * @param libc closed with it, or if this throws. Default: one of its own.
   * @throws the runtime's error where FFI is not permitted, or the C library is missing.
   */
  constructor(memory?: SharedArrayBuffer, libc: Libc = new Libc()) {
    this.libc = libc;
    try {
      this.#descriptors = new Descriptors(memory ?? Descriptors.allocate(this.libc));
      this.reactor = new Reactor(this.libc);
    } catch (error) {
      this.libc.close();
      throw error;
    }
    for (const fd of this.reactor.descriptors) this.#descriptors.opened(fd);
    this.drains = new Drains(this.libc, (fd) => this.close(fd));
    this.pipes = new Pipes(this.libc, this);
    this.heads = new Heads(this.reactor);
  }

  /** Creates a socket. @throws {SystemError} */
  create(family: number): number {
    return this.own(createSocket(this.libc, family));
  }

  /** Creates a socket of Multipath TCP (RFC 8684), or of TCP where the kernel has none. @throws {SystemError} */
  createMultipath(family: number): number {
    if (this.#multipathRefusal === undefined) {
      try {
        return this.own(createSocket(this.libc, family, IPPROTO_MPTCP));
      } catch (error) {
        if (!isWithoutMultipath(error)) throw error;
        this.#multipathRefusal = error;
      }
    }
    return this.create(family);
  }

  /** Returns why the kernel has no Multipath TCP for IPv4; `undefined` where it has. */
  multipathRefusal(): SystemError | undefined {
    try {
      this.libc.calls.close(createSocket(this.libc, AF_INET, IPPROTO_MPTCP));
      return undefined;
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      return isWithoutMultipath(error) ? error : undefined;
    }
  }

  /**
   * Takes a new descriptor over.
   *
   * @throws {SystemError} EMFILE if its number is above the process's limit; it is closed then.
   */
  own(fd: number): number {
    if (!this.#descriptors.holds(fd)) {
      this.libc.calls.close(fd);
      throw new SystemError("socket", ERRNO.EMFILE);
    }
    this.#descriptors.opened(fd);
    return fd;
  }

  /** Closes a descriptor. The reactor must not watch it any more. */
  close(fd: number): void {
    // First: once it is closed, another thread may get the number.
    this.#descriptors.closed(fd);
    this.libc.calls.close(fd);
  }

  /** Ends the thread's part, and closes everything that is still open. */
  async end(): Promise<void> {
    await this.drains.end();
    await this.reactor.close();
    this.pipes.end();
    for (const fd of this.reactor.descriptors) this.#descriptors.closed(fd);
    this.libc.close();
  }
}

/** A kernel built without it, or where `net.mptcp.enabled` is 0. */
function isWithoutMultipath(error: unknown): error is SystemError {
  return error instanceof SystemError && ["EPROTONOSUPPORT", "ENOPROTOOPT", "EINVAL"].includes(error.code);
}
