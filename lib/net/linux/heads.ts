/**
 * The first bytes of a connection, which wait for what follows them in the same turn: both are one packet and one call.
 *
 * @module
 */
import { WOULD_BLOCK } from "../../base/mod.ts";
import type { Reactor, TurnTask } from "./reactor.ts";

/** Head and data that are copied together, at most; a request mostly is less. */
const JOINED_BYTES = 16 * 1024;

/** One for the thread: nothing waits between its filling and its sending. */
const JOINED = new Uint8Array(JOINED_BYTES);

const NO_BYTES = new Uint8Array();

/** A head's socket. */
export interface HeadSocket {
  /** Sends what there is room for, or {@link WOULD_BLOCK}. @throws {SystemError} */
  sendNow(bytes: Uint8Array, length: number): number;
  setNoDelay(): void;
}

/** The head of one connection, at most `MAX_HEAD_BYTES` (`lib/net/transport.ts`). */
export class Head {
  /** What sending it by itself has failed with. The kernel reports a reset once. */
  error: unknown;
  readonly #socket: HeadSocket;
  /** What is not sent yet. */
  #rest: Uint8Array | undefined;
  /** Whether the kernel had no room for it. */
  #isBlocked = false;

  constructor(socket: HeadSocket, bytes: Uint8Array) {
    this.#socket = socket;
    this.#rest = bytes;
  }

  /** Whether nothing is left to send. */
  get isSent(): boolean {
    return this.#rest === undefined;
  }

  /** The socket is closed: its descriptor is another's. */
  drop(): void {
    this.#rest = undefined;
  }

  /** Sends what is left and the bytes behind it; returns how many of these, or {@link WOULD_BLOCK}. @throws {SystemError} */
  send(bytes: Uint8Array, length: number): number {
    const head = this.#rest;
    if (head === undefined) return this.#socket.sendNow(bytes, length);
    const copied = Math.min(length, JOINED_BYTES - head.length);
    JOINED.set(head);
    JOINED.set(bytes.subarray(0, copied), head.length);
    const sent = this.#socket.sendNow(JOINED, head.length + copied);
    if (sent < head.length) {
      this.#isBlocked = true;
      if (sent !== WOULD_BLOCK) this.#rest = head.subarray(sent);
      return WOULD_BLOCK;
    }
    this.#rest = undefined;
    const count = sent - head.length;
    if (count < copied || count === length) return count;
    // The kernel has room for more, and would not say so again.
    const more = this.#socket.sendNow(bytes.subarray(count), length - count);
    return more === WOULD_BLOCK ? count : count + more;
  }

  /** Sends what is left by itself; returns whether nothing is left then. @throws {SystemError} */
  flush(): boolean {
    if (this.#rest === undefined) return true;
    // The peer need not answer it, and the data must not wait for its delayed acknowledgement.
    this.#socket.setNoDelay();
    this.send(NO_BYTES, 0);
    return this.isSent;
  }

  /** There is room again. A fresh socket reports room that it has always had: its head goes on waiting for the data. */
  onRoom(): void {
    if (this.#isBlocked) this.tryFlush();
  }

  /** {@link Head.flush}, but keeps the failure for the call that follows. */
  tryFlush(): void {
    try {
      this.flush();
    } catch (error) {
      this.error = error;
    }
  }
}

/** Flushes heads that nothing has followed until the next turn. */
export class Heads implements TurnTask {
  readonly #reactor: Reactor;
  #waiting: Head[] = [];

  constructor(reactor: Reactor) {
    this.#reactor = reactor;
  }

  add(head: Head): void {
    if (this.#waiting.push(head) === 1) this.#reactor.defer(this);
  }

  /** Called by the reactor. */
  onTurn(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const head of waiting) head.tryFlush();
  }
}
