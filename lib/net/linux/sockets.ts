import { createSocket } from "./socket.ts";
import { Descriptors } from "./descriptors.ts";
import { Drains } from "./drains.ts";
import { ERRNO, SystemError } from "./errno.ts";
import { Libc } from "./libc.ts";
import { Reactor } from "./reactor.ts";

/** State that all sockets of one thread share. Every descriptor is opened and closed here, once each. */
export class Sockets {
  readonly libc: Libc;
  readonly reactor: Reactor;
  readonly drains: Drains;
  readonly #descriptors: Descriptors;

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
  }

  /** Creates a socket. @throws {SystemError} */
  create(family: number): number {
    return this.own(createSocket(this.libc, family));
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
    for (const fd of this.reactor.descriptors) this.#descriptors.closed(fd);
    this.libc.close();
  }
}
