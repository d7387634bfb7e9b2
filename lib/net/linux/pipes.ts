import { NO_PIPE, type Pipe, type PipePool, WOULD_BLOCK } from "../../base/mod.ts";
import {
  F_SETPIPE_SZ,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SPLICE_F_MOVE,
  SPLICE_F_NONBLOCK,
} from "./calls/constants.ts";
import { ERRNO, SystemError } from "./calls/errno.ts";
import type { Libc } from "./calls/libc.ts";

/** As much as a user may give a pipe by default (`/proc/sys/fs/pipe-max-size`). */
const PIPE_BYTES = 1024 * 1024;

/** Pipes that a thread has at once: one is in use in a turn, and each receiver that is full holds another. */
const MAX_PIPES = 32;

/** Empty pipes that are kept. */
const KEPT_PIPES = 4;

/** Opens and closes descriptors for their owner. */
export interface DescriptorOwner {
  own(fd: number): number;
  close(fd: number): void;
}

/** A pipe as the kernel knows it. Its descriptors belong to the {@link Pipes} that made it. */
export class LinuxPipe implements Pipe {
  bytes = 0;
  readonly readEnd: number;
  readonly writeEnd: number;

  constructor(readEnd: number, writeEnd: number) {
    this.readEnd = readEnd;
    this.writeEnd = writeEnd;
  }
}

/**
 * The pipes of a thread, for `splice(2)`: the kernel passes the pages of what one socket has received to another, and
 * copies nothing.
 */
export class Pipes implements PipePool {
  readonly #libc: Libc;
  readonly #owner: DescriptorOwner;
  readonly #free: LinuxPipe[] = [];
  #count = 0;
  #max = MAX_PIPES;

  constructor(libc: Libc, owner: DescriptorOwner) {
    this.#libc = libc;
    this.#owner = owner;
  }

  take(): LinuxPipe | undefined {
    return this.#free.pop() ?? (this.#count < this.#max ? this.#open() : undefined);
  }

  release(pipe: LinuxPipe): void {
    if (pipe.bytes === 0 && this.#free.length < KEPT_PIPES) this.#free.push(pipe);
    else this.#close(pipe);
  }

  /** Receives from a socket into an empty pipe. @throws {SystemError} as `recv(2)`. */
  fill(pipe: LinuxPipe, socket: number): number {
    const count = this.#splice(socket, pipe.writeEnd, PIPE_BYTES);
    if (count === -ERRNO.EAGAIN) return WOULD_BLOCK;
    if (count === -ERRNO.EINVAL) return NO_PIPE;
    if (count < 0) throw new SystemError("splice", -count);
    pipe.bytes = count;
    return count;
  }

  /** Sends from a pipe that is not empty to a socket. @throws {SystemError} as `send(2)`. */
  drain(pipe: LinuxPipe, socket: number): number {
    const count = this.#splice(pipe.readEnd, socket, pipe.bytes);
    if (count === -ERRNO.EAGAIN) return WOULD_BLOCK;
    if (count < 0) throw new SystemError("splice", -count);
    pipe.bytes -= count;
    return count;
  }

  /** Closes the pipes that nobody has. */
  end(): void {
    for (const pipe of this.#free.splice(0)) this.#close(pipe);
  }

  /** Returns the errno as a negative number where it fails. */
  #splice(from: number, to: number, bytes: number): number {
    for (;;) {
      const count = this.#libc.calls.splice(from, null, to, null, bytes, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
      if (count >= 0) return count;
      const code = this.#libc.errno;
      if (code !== ERRNO.EINTR) return -code;
    }
  }

  /** Without a descriptor, or the right to so much memory, bytes are copied through the process instead. */
  #open(): LinuxPipe | undefined {
    const { calls } = this.#libc;
    if (calls.pipe2(ENDS_BYTES, SOCK_NONBLOCK | SOCK_CLOEXEC) < 0) return undefined;
    const [readEnd = -1, writeEnd = -1] = ENDS;
    const pipe = this.#ownBoth(readEnd, writeEnd);
    if (pipe === undefined || calls.fcntl(writeEnd, F_SETPIPE_SZ, PIPE_BYTES) >= 0) return pipe;
    this.#close(pipe);
    // The user has all that it may have; a small pipe costs more than copies.
    this.#max = this.#count;
    return undefined;
  }

  #ownBoth(readEnd: number, writeEnd: number): LinuxPipe | undefined {
    try {
      this.#owner.own(readEnd);
    } catch {
      this.#libc.calls.close(writeEnd);
      return undefined;
    }
    try {
      this.#owner.own(writeEnd);
    } catch {
      this.#owner.close(readEnd);
      return undefined;
    }
    this.#count++;
    return new LinuxPipe(readEnd, writeEnd);
  }

  #close({ readEnd, writeEnd }: LinuxPipe): void {
    this.#count--;
    this.#owner.close(readEnd);
    this.#owner.close(writeEnd);
  }
}

const ENDS = new Int32Array(2);
const ENDS_BYTES = new Uint8Array(ENDS.buffer);
