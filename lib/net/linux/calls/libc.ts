/**
 * The calls of the C library that sockets need, each with its man page and the errno values that the program expects of
 * it. The only file that loads a library (`deno task arrows` proves it).
 *
 * Parameters are 32-bit wherever they can be: the runtime compiles such calls into direct ones, and calls with 64-bit
 * parameters cost 12 % of a relay's throughput.
 *
 * @module
 */
import { ERRNO, SystemError } from "./errno.ts";

const SYMBOLS = {
  /** `socket(2)`: EAFNOSUPPORT, EMFILE, ENFILE, ENOBUFS, ENOMEM; for MPTCP also EPROTONOSUPPORT, ENOPROTOOPT. */
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  /** `bind(2)`: EACCES, EADDRINUSE, EADDRNOTAVAIL; for a path also ENOENT, ENOTDIR, EROFS, ENAMETOOLONG. */
  bind: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  /** `listen(2)`: EADDRINUSE. */
  listen: { parameters: ["i32", "i32"], result: "i32" },
  /** `accept4(2)`: EAGAIN, ECONNABORTED, EINTR, EMFILE, ENFILE, ENOBUFS, ENOMEM, EPERM, and errors of the network. */
  accept4: { parameters: ["i32", "buffer", "buffer", "i32"], result: "i32" },
  /** `connect(2)`: EINPROGRESS, EAGAIN (ports, or a unix socket's backlog), ECONNREFUSED, ENETUNREACH, EACCES, EPERM. */
  connect: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  /** `recv(2)`: EAGAIN, EINTR, ECONNRESET, ETIMEDOUT, EHOSTUNREACH. */
  recv: { parameters: ["i32", "buffer", "u32", "i32"], result: "i32" },
  /** `send(2)`: EAGAIN, EINTR, ECONNRESET, EPIPE, ENOBUFS, ENOMEM. */
  send: { parameters: ["i32", "buffer", "u32", "i32"], result: "i32" },
  /** `pipe2(2)`: EMFILE, ENFILE. */
  pipe2: { parameters: ["buffer", "i32"], result: "i32" },
  /** `splice(2)`: EAGAIN, EINVAL where one side has no such way, ENOMEM, and the errors of `recv` or `send`. */
  splice: { parameters: ["i32", "pointer", "i32", "pointer", "u32", "u32"], result: "i32" },
  /** `shutdown(2)`: ENOTCONN. */
  shutdown: { parameters: ["i32", "i32"], result: "i32" },
  /** `close(2)`: EBADF. The descriptor is free afterwards whatever it returns. */
  close: { parameters: ["i32"], result: "i32" },
  /** `getsockname(2)`: ENOBUFS. */
  getsockname: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  /** `getsockopt(2)`: EBADF, ENOPROTOOPT. */
  getsockopt: { parameters: ["i32", "i32", "i32", "buffer", "buffer"], result: "i32" },
  /** `setsockopt(2)`: EINVAL, ENOPROTOOPT, EOPNOTSUPP, EPERM; for SO_BINDTODEVICE also ENODEV. */
  setsockopt: { parameters: ["i32", "i32", "i32", "buffer", "u32"], result: "i32" },
  /** `ioctl(2)`, for SIOCOUTQ: EINVAL for a socket that listens. */
  ioctl: { parameters: ["i32", "u64", "buffer"], result: "i32" },
  /** `fcntl(2)`, for F_DUPFD_CLOEXEC: EBADF, EMFILE; for F_SETPIPE_SZ: EPERM beyond what a user may have. */
  fcntl: { parameters: ["i32", "i32", "i32"], result: "i32" },
  /** `getrlimit(2)`. */
  getrlimit: { parameters: ["i32", "buffer"], result: "i32" },
  /** `unlink(2)`: ENOENT, EACCES. */
  unlink: { parameters: ["buffer"], result: "i32" },
  /** `epoll_create1(2)`: EMFILE, ENFILE, ENOMEM. */
  epoll_create1: { parameters: ["i32"], result: "i32" },
  /** `epoll_ctl(2)`: ENOMEM, ENOSPC (`max_user_watches`). */
  epoll_ctl: { parameters: ["i32", "i32", "i32", "buffer"], result: "i32" },
  /** `epoll_wait(2)`: EINTR. */
  epoll_wait: { parameters: ["i32", "buffer", "i32", "i32"], result: "i32" },
  /**
   * The same on a thread of the runtime's pool, so that this one goes on. Its errno stays over there. It may outlast this
   * thread, so its memory must too.
   */
  epoll_wait_aside: {
    name: "epoll_wait",
    parameters: ["i32", "pointer", "i32", "i32"],
    result: "i32",
    nonblocking: true,
  },
  /** `gettid(2)`. */
  gettid: { parameters: [], result: "i32" },
  /** `syscall(2)`, for calls that the library does not offer: `landlock(7)`, `seccomp(2)`, `capset(2)`, `futex(2)`. */
  syscall: { parameters: ["i64", "i64", "i64", "i64", "i64", "i64", "i64"], result: "i64" },
  /** The same on a thread of the runtime's pool. */
  syscall_aside: {
    name: "syscall",
    parameters: ["i64", "i64", "i64", "i64", "i64", "i64", "i64"],
    result: "i64",
    nonblocking: true,
  },
  /** `malloc(3)`: ENOMEM. */
  malloc: { parameters: ["usize"], result: "pointer" },
  /** `free(3)`. */
  free: { parameters: ["pointer"], result: "void" },
  /** `eventfd(2)`: EMFILE, ENFILE, ENOMEM. */
  eventfd: { parameters: ["u32", "i32"], result: "i32" },
  /** `read(2)`, of an eventfd: EAGAIN. */
  read: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  /** `write(2)`, to an eventfd: EAGAIN when its counter is full. */
  write: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  /** Where this thread's `errno(3)` lies. */
  __errno_location: { parameters: [], result: "pointer" },
} as const;

/** The calls of the C library. */
export type Calls = Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];

/** Memory outside of the runtime's. */
export interface Allocation {
  readonly pointer: Deno.PointerObject;
  /** Where it lies, as a number. */
  readonly address: bigint;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Nothing may use it afterwards. */
  free(): void;
}

/** Returns the memory of a thread's errno, by `__errno_location()`. @throws {Error} where there is none. */
export function errnoAt(location: Deno.PointerValue): Int32Array {
  if (location === null) throw new Error("open the C library: it has no errno");
  return new Int32Array(Deno.UnsafePointerView.getArrayBuffer(location, 4));
}

/** The C library as this thread uses it. */
export class Libc {
  readonly calls: Calls;
  readonly #library: Deno.DynamicLibrary<typeof SYMBOLS>;
  /** The errno of this thread. */
  readonly #errno: Int32Array;

  /** @throws the runtime's error where the library is missing (musl), or FFI is not permitted (`NotCapable`). */
  constructor() {
    this.#library = Deno.dlopen("libc.so.6", SYMBOLS);
    this.calls = this.#library.symbols;
    this.#errno = errnoAt(this.calls.__errno_location());
  }

  /** The errno of the call just made. Read it before anything else is called. */
  get errno(): number {
    return this.#errno[0] ?? 0;
  }

  /** The error of the call just made. */
  error(syscall: string): SystemError {
    return new SystemError(syscall, this.errno);
  }

  /**
   * Returns a result that is no failure.
   *
   * @throws {SystemError} for -1.
   */
  check(syscall: string, result: number): number {
    if (result < 0) throw this.error(syscall);
    return result;
  }

  /** Whether a signal interrupted the failed call, so that it must be repeated. */
  get isInterrupted(): boolean {
    return this.errno === ERRNO.EINTR;
  }

  /** Sets an option of a socket to a number. @throws {SystemError} where the socket does not take it. */
  setOption(fd: number, level: number, option: number, value: number): void {
    NUMBER[0] = value;
    this.check("setsockopt", this.calls.setsockopt(fd, level, option, NUMBER_BYTES, 4));
  }

  /** Reads an option of a socket that is a number. @throws {SystemError} where the socket does not have it. */
  option(fd: number, level: number, option: number): number {
    LENGTH[0] = 4;
    this.check("getsockopt", this.calls.getsockopt(fd, level, option, NUMBER_BYTES, LENGTH_BYTES));
    return NUMBER[0] ?? 0;
  }

  /** Makes a system call by its number; those arguments that are not given are 0. Returns -1 if it fails, with errno. */
  systemCall(number: number, ...args: readonly (number | bigint)[]): number {
    return Number(this.calls.syscall(BigInt(number), ...padded(args)));
  }

  /** The same on a thread of the runtime's pool, where its errno stays. */
  async systemCallAside(number: number, ...args: readonly (number | bigint)[]): Promise<number> {
    return Number(await this.calls.syscall_aside(BigInt(number), ...padded(args)));
  }

  /**
   * Allocates memory that stays where it is until it is freed, whatever becomes of this thread.
   *
   * @throws {SystemError} when there is none.
   */
  allocate(bytes: number): Allocation {
    const pointer = this.calls.malloc(BigInt(bytes));
    if (pointer === null) throw this.error("malloc");
    return {
      pointer,
      address: Deno.UnsafePointer.value(pointer),
      bytes: new Uint8Array(Deno.UnsafePointerView.getArrayBuffer(pointer, bytes)),
      free: () => this.calls.free(pointer),
    };
  }

  /** Unloads the library. Nothing of it may be called afterwards. */
  close(): void {
    this.#library.close();
  }
}

type SixArguments = readonly [bigint, bigint, bigint, bigint, bigint, bigint];

function padded([a = 0, b = 0, c = 0, d = 0, e = 0, f = 0]: readonly (number | bigint)[]): SixArguments {
  return [BigInt(a), BigInt(b), BigInt(c), BigInt(d), BigInt(e), BigInt(f)];
}

const NUMBER = new Int32Array(1);
const NUMBER_BYTES = new Uint8Array(NUMBER.buffer);
const LENGTH = new Uint32Array(1);
const LENGTH_BYTES = new Uint8Array(LENGTH.buffer);
