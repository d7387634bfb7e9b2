import { RLIMIT_NOFILE } from "./calls/constants.ts";
import type { Libc } from "./calls/libc.ts";

/** A table of this size, one byte each, is large enough for any process; only written pages use memory. */
const MAX_DESCRIPTORS = 1 << 20;

/**
 * The descriptors of one thread, in memory that others can read. The kernel knows no owner but the process: when a thread
 * dies, its sockets would stay open, and its clients would wait for ever. So the thread that finds it dead closes them.
 */
export class Descriptors {
  readonly #open: Uint8Array;

  /** Allocates the memory of one thread. */
  static allocate(libc: Libc): SharedArrayBuffer {
    const limits = new BigUint64Array(2);
    libc.check("getrlimit", libc.calls.getrlimit(RLIMIT_NOFILE, new Uint8Array(limits.buffer)));
    const [, hard = 0n] = limits;
    return new SharedArrayBuffer(hard > MAX_DESCRIPTORS ? MAX_DESCRIPTORS : Number(hard));
  }

  constructor(memory: SharedArrayBuffer) {
    this.#open = new Uint8Array(memory);
  }

  /** Returns whether there is room to record this descriptor. */
  holds(fd: number): boolean {
    return fd < this.#open.length;
  }

  opened(fd: number): void {
    this.#open[fd] = 1;
  }

  closed(fd: number): void {
    this.#open[fd] = 0;
  }

  /** The descriptors that are open. */
  *list(): Iterable<number> {
    for (let fd = this.#open.indexOf(1); fd >= 0; fd = this.#open.indexOf(1, fd + 1)) yield fd;
  }
}
