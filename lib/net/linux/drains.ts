import { IPPROTO_TCP, SIOCOUTQ, SO_LINGER, SOL_SOCKET, TCP_CLOSE, TCP_INFO } from "./calls/constants.ts";
import type { Libc } from "./calls/libc.ts";

/** How often to look whether everything has arrived. */
const LOOK_MS = 10;

/**
 * How long to wait for a peer whose host acknowledges nothing, and in all: the limits of a lingering close
 * (`lib/session/_lingering_close.ts`).
 */
const QUIET_MS = 5000;
const TOTAL_MS = 30_000;

/** How long the end of the thread waits for them. */
const END_MS = 1000;

/** Sockets that are reset later, at most; each holds a descriptor, so a flood of them is reset at once. */
const MAX_RESETS = 1024;

/** Called back once everything it has sent has arrived. */
export interface Delivery {
  onDelivered(): void;
}

interface Drain {
  readonly delivery: Delivery | undefined;
  readonly endsAtMs: number;
  left: number;
  movedAtMs: number;
}

/**
 * Sockets to reset once the peer's host has acknowledged everything. A reset drops what has not arrived, and no event
 * tells when it has, so this asks the kernel.
 */
export class Drains {
  readonly #libc: Libc;
  readonly #close: (fd: number) => void;
  readonly #drains = new Map<number, Drain>();
  #timer: ReturnType<typeof setInterval> | undefined;

  /** @param close closes a descriptor that the drains own. */
  constructor(libc: Libc, close: (fd: number) => void) {
    this.#libc = libc;
    this.#close = close;
  }

  /** Calls the socket's owner back when everything has arrived, or never will. The owner keeps it. */
  watch(fd: number, delivery: Delivery): void {
    this.#add(fd, delivery);
  }

  /** Takes the socket over and resets it when everything has arrived, or never will. */
  reset(fd: number): void {
    this.#drains.delete(fd);
    if (this.#unsent(fd) === 0 || this.#drains.size >= MAX_RESETS) return this.#reset(fd);
    this.#add(fd, undefined);
  }

  /** Waits a little for data in transit, and resets the rest. */
  async end(): Promise<void> {
    for (let waits = END_MS / LOOK_MS; waits > 0 && this.#drains.size > 0; waits--) {
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
    clearInterval(this.#timer);
    this.#timer = undefined;
    for (const [fd, { delivery }] of this.#drains) if (delivery === undefined) this.#reset(fd);
    this.#drains.clear();
  }

  #add(fd: number, delivery: Delivery | undefined): void {
    const nowMs = performance.now();
    this.#drains.set(fd, { delivery, left: this.#unsent(fd), movedAtMs: nowMs, endsAtMs: nowMs + TOTAL_MS });
    this.#timer ??= setInterval(this.#look, LOOK_MS);
  }

  readonly #look = (): void => {
    const nowMs = performance.now();
    for (const [fd, drain] of this.#drains) {
      const left = this.#unsent(fd);
      if (left !== drain.left) drain.movedAtMs = nowMs;
      drain.left = left;
      if (left > 0 && nowMs < drain.endsAtMs && nowMs - drain.movedAtMs < QUIET_MS) continue;
      this.#drains.delete(fd);
      if (drain.delivery === undefined) this.#reset(fd);
      else drain.delivery.onDelivered();
    }
    if (this.#drains.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  };

  /** Bytes that have not arrived; 0 for a connection that is gone, or that the kernel tells nothing of. */
  #unsent(fd: number): number {
    try {
      // The state is the first byte of `struct tcp_info`.
      if ((this.#libc.option(fd, IPPROTO_TCP, TCP_INFO) & 0xff) === TCP_CLOSE) return 0;
    } catch {
      // Nobody can say, so there is nothing to wait for.
      return 0;
    }
    return this.#libc.calls.ioctl(fd, SIOCOUTQ, COUNT_BYTES) < 0 ? 0 : COUNT[0] ?? 0;
  }

  #reset(fd: number): void {
    // A time of 0 makes close send a reset (socket(7)). Where the peer is gone already, the option has no effect.
    this.#libc.calls.setsockopt(fd, SOL_SOCKET, SO_LINGER, NO_LINGER, NO_LINGER.length);
    this.#close(fd);
  }
}

const COUNT = new Int32Array(1);
const COUNT_BYTES = new Uint8Array(COUNT.buffer);

/** `struct linger { 1, 0 }`. */
const NO_LINGER = Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0);
