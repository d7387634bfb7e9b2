import { type Duplex, errorCode, MAX_TIMER_MS } from "../base/mod.ts";
import type { Exchange } from "./exchange.ts";

/** A timer that is later than this was kept from running. */
const LATE_MS = 10;

/**
 * The limit of one check, and the connection that it closes in the end: also while something is read from it, which is
 * the only way to end a read.
 */
export class CheckAttempt {
  timedOut = false;
  /** What is waited for. */
  stage: "connection" | "TLS handshake" | "answer" = "connection";
  /** The conversation, once it has begun. */
  exchange: Exchange | undefined;
  readonly #controller = new AbortController();
  readonly #outer: AbortSignal;
  #timer: ReturnType<typeof setTimeout>;
  /** By how much the limit may still be put off. */
  #sparesMs: number;
  #conn: Duplex | undefined;

  constructor(limitMs: number, outer: AbortSignal) {
    this.#outer = outer;
    this.#sparesMs = Math.min(limitMs, MAX_TIMER_MS);
    this.#timer = this.#expireIn(this.#sparesMs);
    if (outer.aborted) this.#abort();
    else outer.addEventListener("abort", this.#abort);
  }

  /** What has come while this process did not run cannot have been seen: such time is not the target's. */
  #expireIn(delayMs: number): ReturnType<typeof setTimeout> {
    const dueMs = performance.now() + delayMs;
    return setTimeout(() => {
      const lateMs = Math.min(performance.now() - dueMs, this.#sparesMs);
      if (lateMs >= LATE_MS) {
        this.#sparesMs -= lateMs;
        this.#timer = this.#expireIn(lateMs);
        return;
      }
      this.timedOut = true;
      this.#abort();
    }, delayMs);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** As the check ends, or rejects when it is aborted: a write may stay pending when its connection is closed (Deno 2.6). */
  bounded<T>(check: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const onAbort = (): void => reject(this.signal.reason);
      if (this.signal.aborted) onAbort();
      else this.signal.addEventListener("abort", onAbort, { once: true });
      check.then(resolve, reject);
    });
  }

  /** Takes over a connection, in place of the one that it is made of. Throws when it is over already. */
  owns(conn: Duplex): void {
    const isOver = this.signal.aborted;
    this.#conn = conn;
    if (!isOver) return;
    this.#close();
    this.signal.throwIfAborted();
  }

  /** Frees all that it holds. */
  end(): void {
    clearTimeout(this.#timer);
    this.#outer.removeEventListener("abort", this.#abort);
    this.#close();
  }

  #close(): void {
    const conn = this.#conn;
    this.#conn = undefined;
    try {
      conn?.close();
    } catch (error) {
      // Who failed to make TLS of it may have closed it.
      if (errorCode(error) !== "EBADF") throw error;
    }
  }

  readonly #abort = (): void => {
    this.#controller.abort();
    this.#close();
  };
}
