import { PassedSocketError } from "../process.ts";
import type { NativeProcess, PassedSocket, ProgramEnd, SpawnOptions } from "../process.ts";
import {
  AF_INET,
  AF_INET6,
  AF_UNIX,
  F_DUPFD_CLOEXEC,
  F_GETFL,
  F_SETFD,
  F_SETFL,
  FD_CLOEXEC,
  SIGKILL,
  SIGTERM,
  SO_ACCEPTCONN,
  SO_DOMAIN,
  SO_TYPE,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
  SOCK_STREAM,
  SOL_SOCKET,
  WNOHANG,
} from "./calls/constants.ts";
import { SystemError } from "./calls/errno.ts";
import { Libc } from "./calls/libc.ts";
import { cookieOf } from "./listening_socket.ts";
import { cString, pointerList, ProcessLibc } from "./calls/process_libc.ts";
import { ownAddress } from "./socket.ts";

/** The first descriptor that a program inherits beside its standard streams. */
const FIRST_INHERITED = 3;

/** Room for `posix_spawn_file_actions_t`, which has 80 bytes. */
const FILE_ACTIONS_BYTES = 256;

/** The longest command line that Linux starts a program with, without its environment. */
const MAX_COMMAND_LINE_BYTES = 2 * 1024 * 1024;

/** This process by calls of the kernel. */
export class LinuxProcess implements NativeProcess {
  readonly #libc: ProcessLibc;
  /** For sockets that were passed to the process; bound for the first of them. */
  #sockets: Libc | undefined;

  /** @throws the runtime's error where FFI is not permitted, or the C library is missing. */
  constructor() {
    this.#libc = new ProcessLibc();
  }

  variable(name: string): string | undefined {
    return this.#libc.variable(name);
  }

  removeVariable(name: string): void {
    this.#libc.calls.unsetenv(cString(name));
  }

  commandLine(): readonly string[] {
    const { calls } = this.#libc;
    const fd = this.#libc.check("open", calls.open(cString("/proc/self/cmdline"), SOCK_CLOEXEC));
    try {
      const bytes = new Uint8Array(MAX_COMMAND_LINE_BYTES);
      let length = 0;
      for (;;) {
        const rest = bytes.subarray(length);
        const count = this.#libc.check("read", calls.read(fd, rest, rest.length));
        if (count === 0) break;
        length += count;
      }
      return new TextDecoder().decode(bytes.subarray(0, length)).split("\0").slice(0, -1);
    } finally {
      calls.close(fd);
    }
  }

  inspect(fd: number): PassedSocket {
    const libc = this.#sockets ??= new Libc();
    const { calls } = this.#libc;
    const option = (which: number): number => {
      try {
        return libc.option(fd, SOL_SOCKET, which);
      } catch (error) {
        if (!(error instanceof SystemError)) throw error;
        throw new PassedSocketError(
          error.code === "ENOTSOCK" ? "not a socket" : `cannot be examined: ${error.message}`,
        );
      }
    };
    calls.fcntl(fd, F_SETFD, FD_CLOEXEC);
    const type = option(SO_TYPE);
    if (type !== SOCK_STREAM) {
      throw new PassedSocketError(
        type === SOCK_DGRAM ? "a datagram socket (ListenDatagram=)" : "not a stream socket",
      );
    }
    const family = option(SO_DOMAIN);
    if (family !== AF_INET && family !== AF_INET6 && family !== AF_UNIX) {
      throw new PassedSocketError("neither a TCP nor a unix socket");
    }
    if (option(SO_ACCEPTCONN) === 0) {
      throw new PassedSocketError("a connection, not a listening socket (Accept=yes)");
    }
    const address = ownAddress(libc, fd);
    if (address.kind === "unix" && address.path === "") {
      throw new PassedSocketError("a unix socket without a path");
    }
    const flags = this.#libc.check("fcntl", calls.fcntl(fd, F_GETFL, 0));
    this.#libc.check("fcntl", calls.fcntl(fd, F_SETFL, flags | SOCK_NONBLOCK));
    return { address, handle: { fd, cookie: cookieOf(libc, fd) } };
  }

  socketPair(): readonly [number, number] {
    const pair = new Int32Array(2);
    this.#libc.check(
      "socketpair",
      this.#libc.calls.socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, new Uint8Array(pair.buffer)),
    );
    return [pair[0] ?? -1, pair[1] ?? -1];
  }

  spawn({ words, variables, descriptors }: SpawnOptions): number {
    const { calls } = this.#libc;
    const actions = new Uint8Array(FILE_ACTIONS_BYTES);
    succeed("posix_spawn", calls.posix_spawn_file_actions_init(actions));
    const copies: number[] = [];
    try {
      const free = FIRST_INHERITED + descriptors.length;
      for (const [at, fd] of descriptors.entries()) {
        // From above all places that the program finds its own at, so that none takes the place of another.
        const copy = this.#libc.check("fcntl", calls.fcntl(fd, F_DUPFD_CLOEXEC, free));
        copies.push(copy);
        succeed(
          "posix_spawn",
          calls.posix_spawn_file_actions_adddup2(actions, copy, FIRST_INHERITED + at),
        );
      }
      const given = words.map(cString);
      const own = Object.entries(variables).flatMap(([name, value]) =>
        value === undefined ? [] : [cString(`${name}=${value}`)]
      );
      const kept = [...this.#libc.environment()].filter(({ name }) => !Object.hasOwn(variables, name));
      const pid = new Int32Array(1);
      succeed(
        "posix_spawn",
        calls.posix_spawnp(
          new Uint8Array(pid.buffer),
          given[0] ?? cString(""),
          actions,
          null,
          pointerList(given),
          pointerList([...kept.map(({ pointer }) => pointer), ...own]),
        ),
      );
      return pid[0] ?? 0;
    } finally {
      calls.posix_spawn_file_actions_destroy(actions);
      for (const copy of copies) calls.close(copy);
    }
  }

  endOf(pid: number): ProgramEnd | undefined {
    const status = new Int32Array(1);
    const ended = this.#libc.calls.waitpid(pid, new Uint8Array(status.buffer), WNOHANG);
    if (ended !== pid) return undefined;
    const [word = 0] = status;
    const signal = word & 0x7f;
    return signal === 0 ? { kind: "exited", code: (word >> 8) & 0xff } : { kind: "killed", signal };
  }

  kill(pid: number, how: "gently" | "at once"): void {
    this.#libc.calls.kill(pid, how === "gently" ? SIGTERM : SIGKILL);
  }

  write(fd: number, bytes: Uint8Array<ArrayBuffer>): void {
    this.#libc.calls.write(fd, bytes, bytes.length);
  }

  closeDescriptor(fd: number): void {
    this.#libc.calls.close(fd);
  }

  close(): void {
    this.#sockets?.close();
    this.#libc.close();
  }
}

/** @throws {SystemError} unless the error that a call has returned is 0. */
function succeed(syscall: string, errno: number): void {
  if (errno !== 0) throw new SystemError(syscall, errno);
}
