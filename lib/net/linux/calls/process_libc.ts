/**
 * The calls of the C library that hand this process's sockets to another program, each with its man page and the errno
 * values that the program expects of it. Loaded for an upgrade and for sockets from a service manager alone.
 *
 * @module
 */
import { SystemError } from "./errno.ts";
import { errnoAt } from "./libc.ts";

const SYMBOLS = {
  /** `getenv(3)`. */
  getenv: { parameters: ["buffer"], result: "pointer" },
  /** `unsetenv(3)`. */
  unsetenv: { parameters: ["buffer"], result: "i32" },
  /** `environ(7)`. */
  environ: { type: "pointer" },
  /** `open(2)`: ENOENT, EACCES, EMFILE. */
  open: { parameters: ["buffer", "i32"], result: "i32" },
  /** `read(2)`, of a file. */
  read: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  /** `write(2)`, to a socket: EAGAIN, EPIPE (SIGPIPE is ignored by the runtime). */
  write: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  /** `close(2)`: EBADF. */
  close: { parameters: ["i32"], result: "i32" },
  /** `fcntl(2)`: EBADF, EMFILE. */
  fcntl: { parameters: ["i32", "i32", "i32"], result: "i32" },
  /** `socketpair(2)`: EMFILE, ENFILE. */
  socketpair: { parameters: ["i32", "i32", "i32", "buffer"], result: "i32" },
  /** `posix_spawn_file_actions_init(3)`: returns the error. */
  posix_spawn_file_actions_init: { parameters: ["buffer"], result: "i32" },
  /** `posix_spawn_file_actions_adddup2(3)`: returns the error; EBADF above the limit of descriptors, ENOMEM. */
  posix_spawn_file_actions_adddup2: { parameters: ["buffer", "i32", "i32"], result: "i32" },
  /** `posix_spawn_file_actions_destroy(3)`. */
  posix_spawn_file_actions_destroy: { parameters: ["buffer"], result: "i32" },
  /** `posix_spawnp(3)`: returns the error, of `execve(2)` too: ENOENT, EACCES, ENOEXEC, ETXTBSY, EAGAIN, ENOMEM. */
  posix_spawnp: {
    parameters: ["buffer", "buffer", "buffer", "buffer", "buffer", "buffer"],
    result: "i32",
  },
  /** `waitpid(2)`: ECHILD. */
  waitpid: { parameters: ["i32", "buffer", "i32"], result: "i32" },
  /** `kill(2)`: ESRCH. */
  kill: { parameters: ["i32", "i32"], result: "i32" },
  /** Where this thread's `errno(3)` lies. */
  __errno_location: { parameters: [], result: "pointer" },
} as const;

type Calls = Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];

/** More pointers than an environment has; its end is a null pointer. */
const MAX_VARIABLES = 100_000;

/** The C library as the program uses it to start another one. */
export class ProcessLibc {
  readonly calls: Calls;
  readonly #library: Deno.DynamicLibrary<typeof SYMBOLS>;
  readonly #errno: Int32Array;

  /** @throws the runtime's error where the library is missing (musl), or FFI is not permitted (`NotCapable`). */
  constructor() {
    this.#library = Deno.dlopen("libc.so.6", SYMBOLS);
    this.calls = this.#library.symbols;
    this.#errno = errnoAt(this.calls.__errno_location());
  }

  /** Returns a result that is no failure. @throws {SystemError} for -1. */
  check(syscall: string, result: number): number {
    if (result < 0) throw new SystemError(syscall, this.#errno[0] ?? 0);
    return result;
  }

  /** Returns an environment variable. Needs no permission for it, as a library may do anything. */
  variable(name: string): string | undefined {
    const pointer = this.calls.getenv(cString(name));
    return pointer === null ? undefined : Deno.UnsafePointerView.getCString(pointer);
  }

  /** The environment: pointers to `NAME=value`, with each name. */
  *environment(): Iterable<{ readonly name: string; readonly pointer: bigint }> {
    const { environ } = this.calls;
    if (environ === null) return;
    // The symbol is the variable itself, which points to the list.
    const list = Deno.UnsafePointer.create(new Deno.UnsafePointerView(environ).getBigUint64(0));
    if (list === null) return;
    const view = new Deno.UnsafePointerView(list);
    for (let at = 0; at < MAX_VARIABLES; at++) {
      const pointer = view.getBigUint64(at * POINTER_BYTES);
      const text = Deno.UnsafePointer.create(pointer);
      if (text === null) return;
      yield { name: Deno.UnsafePointerView.getCString(text).split("=", 1)[0] ?? "", pointer };
    }
  }

  /** Unloads the library. Nothing of it may be called afterwards. */
  close(): void {
    this.#library.close();
  }
}

const POINTER_BYTES = 8;

/** A text as C has it. */
export function cString(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`${text}\0`);
}

/** A list of pointers as C has it, with a null pointer at its end. It is valid as long as the texts exist. */
export function pointerList(texts: readonly (Uint8Array<ArrayBuffer> | bigint)[]): Uint8Array<ArrayBuffer> {
  const pointers = texts.map((text) =>
    typeof text === "bigint" ? text : Deno.UnsafePointer.value(Deno.UnsafePointer.of(text))
  );
  return new Uint8Array(new BigUint64Array([...pointers, 0n]).buffer);
}
