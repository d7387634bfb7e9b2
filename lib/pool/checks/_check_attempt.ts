import { type Duplex, errorCode, MAX_TIMER_MS } from "../../base/mod.ts";
import type { Exchange } from "./exchange.ts";

/** A timer later than this was blocked by a busy event loop or a stopped process. */
const LATE_MS = 10;

/**
 * The time limit of one check, with the connection that it closes at the end, even during a read: closing is the only
 * way to end one.
 */
export class CheckAttempt {
  timedOut = false;
  /** The event that the check is waiting for. */
  stage: "connection" | "TLS handshake" | "answer" = "connection";
  /** The conversation, once started. */
  exchange: Exchange | undefined;
  readonly #controller = new AbortController();
  readonly #outer: AbortSignal;
  #timer: ReturnType<typeof setTimeout>;
  /** How far the limit may still be extended. */
  #sparesMs: number;
  #conn: Duplex | undefined;

  constructor(limitMs: number, outer: AbortSignal) {
    this.#outer = outer;
    this.#sparesMs = Math.min(limitMs, MAX_TIMER_MS);
    this.#timer = this.#expireIn(this.#sparesMs);
    if (outer.aborted) this.#abort();
    else outer.addEventListener("abort", this.#abort);
  }

  /**
   * An answer that arrived while this process did not run could not be seen, so that time does not count against the
   * target.
   */
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

  /**
   * Settles like the check, or rejects when aborted: a write may stay pending when its connection is closed (Deno
   * 2.6).
   */
  bounded<T>(check: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const onAbort = (): void => reject(this.signal.reason);
      if (this.signal.aborted) onAbort();
      else this.signal.addEventListener("abort", onAbort, { once: true });
      check.then(resolve, reject);
    });
  }

  /** Takes over a connection, replacing the one beneath it. Throws when the check is over already. */
  owns(conn: Duplex): void {
    const isOver = this.signal.aborted;
    this.#conn = conn;
    if (!isOver) return;
    this.#close();
    this.signal.throwIfAborted();
  }

  /** Releases timer, listener and connection. */
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
      // A failed TLS handshake may have closed it already.
      if (errorCode(error) !== "EBADF") throw error;
    }
  }

  readonly #abort = (): void => {
    this.#controller.abort();
    this.#close();
  };
}
