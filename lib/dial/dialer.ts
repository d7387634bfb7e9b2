import { type Address, type Duplex, errorCode, errorMessage, isResourceExhaustion } from "../base/mod.ts";
import { connect, type Dialed } from "./connect.ts";

/** One target as the dialer sees it. */
export interface DialTarget {
  readonly address: Address;
}

/** What one target answered when it could not be reached. */
export interface DialFailure<T extends DialTarget> {
  readonly target: T;
  /** The errno name, `ETIMEDOUT` when the limit passed. */
  readonly code: string;
  readonly message: string;
  readonly durationMs: number;
}

/** How dialing ended. `failures` are those of the targets tried before. */
export type DialResult<T extends DialTarget> =
  | {
    kind: "connected";
    conn: Duplex;
    target: T;
    connectMs: number;
    tries: number;
    failures: readonly DialFailure<T>[];
  }
  | { kind: "exhausted"; tries: number; timedOut: boolean; failures: readonly DialFailure<T>[] }
  | { kind: "aborted"; tries: number; failures: readonly DialFailure<T>[] };

/** What is told of each dial, whoever asked for it. */
export interface DialObserver<T extends DialTarget> {
  dialed(target: T, durationMs: number): void;
  dialFailed(failure: DialFailure<T>): void;
  /** This process has no file descriptor left for a dial; it waits and tries again. */
  dialStarved(target: T, error: unknown): void;
}

/**
 * What must happen on a fresh connection before it counts as made: a PROXY header, a TLS handshake. It owns the
 * connection until it resolves, and closes it when it rejects.
 */
export type Opening<T extends DialTarget> = (conn: Dialed, target: T, signal: AbortSignal) => Promise<Duplex>;

export interface DialerOptions<T extends DialTarget> {
  /** Limit of one dial, name resolution and all of a name's addresses included. */
  readonly connectTimeoutMs: number;
  /** Limit of all dials of one connection. */
  readonly connectDeadlineMs: number;
  readonly observer?: DialObserver<T>;
}

/** How long to wait for a file descriptor when the process has none left. */
const STARVED_PAUSE_MS = 100;

/** What is said when nothing failed; never written to. */
const NO_FAILURES: never[] = [];

/** Dials candidates one after the other until one answers. */
export class Dialer<T extends DialTarget> {
  readonly #options: DialerOptions<T>;

  constructor(options: DialerOptions<T>) {
    this.#options = options;
  }

  /**
   * Takes candidates from `next` until one answers, `next` gives `undefined`, the deadline passes or `signal` is
   * aborted. `open` is part of each dial and of its limit. Never rejects. The caller owns the connection of the result.
   */
  async dial(
    next: () => T | undefined,
    signal: AbortSignal,
    open?: Opening<T>,
  ): Promise<DialResult<T>> {
    const endsAtMs = performance.now() + this.#options.connectDeadlineMs;
    let failures: DialFailure<T>[] = NO_FAILURES;
    let tries = 0;
    for (let target = next(); target !== undefined; target = next()) {
      const answer = await this.#dialOne(target, endsAtMs, { signal, open });
      if (answer.kind === "deadline") return { kind: "exhausted", tries, timedOut: true, failures };
      tries++;
      if (answer.kind === "connected" && !signal.aborted) {
        return {
          kind: "connected",
          conn: answer.conn,
          target,
          connectMs: answer.durationMs,
          tries,
          failures,
        };
      }
      if (answer.kind === "connected") answer.conn.close();
      if (answer.kind === "aborted" || signal.aborted) return { kind: "aborted", tries, failures };
      if (answer.kind === "failed") {
        failures = failures.length === 0 ? [answer.failure] : [...failures, answer.failure];
      }
    }
    return { kind: "exhausted", tries, timedOut: false, failures };
  }

  /** One target until it has answered in some way; waits where it is this process that lacks a file descriptor. */
  async #dialOne(target: T, endsAtMs: number, how: How<T>): Promise<Answer<T>> {
    const { signal, open } = how;
    const { connectTimeoutMs, observer } = this.#options;
    for (;;) {
      const beganMs = performance.now();
      const limitMs = Math.min(connectTimeoutMs, endsAtMs - beganMs);
      if (limitMs <= 0) return { kind: "deadline" };
      const attempt = new Attempt(limitMs, signal);
      try {
        const raw = await connect(target.address, attempt.signal);
        const conn = open === undefined ? raw : await open(raw, target, attempt.signal);
        const durationMs = performance.now() - beganMs;
        observer?.dialed(target, durationMs);
        return { kind: "connected", conn, durationMs };
      } catch (error) {
        if (signal.aborted) return { kind: "aborted" };
        const code = attempt.timedOut ? "ETIMEDOUT" : errorCode(error);
        if (!isResourceExhaustion(code)) {
          const message = attempt.timedOut
            ? `no answer within ${Math.round(limitMs)} ms`
            : errorMessage(error);
          const failure = { target, code, message, durationMs: performance.now() - beganMs };
          observer?.dialFailed(failure);
          return { kind: "failed", failure };
        }
        observer?.dialStarved(target, error);
      } finally {
        attempt.end();
      }
      await starvedPause(signal);
    }
  }
}

interface How<T extends DialTarget> {
  readonly signal: AbortSignal;
  readonly open: Opening<T> | undefined;
}

type Answer<T extends DialTarget> =
  | { kind: "connected"; conn: Duplex; durationMs: number }
  | { kind: "failed"; failure: DialFailure<T> }
  | { kind: "aborted" }
  | { kind: "deadline" };

/** One dial's own limit, joined with the session's signal. Cheaper than `AbortSignal.any` over two of them. */
class Attempt {
  timedOut = false;
  readonly #controller = new AbortController();
  readonly #outer: AbortSignal;
  readonly #timer: ReturnType<typeof setTimeout>;

  constructor(limitMs: number, outer: AbortSignal) {
    this.#outer = outer;
    this.#timer = setTimeout(() => {
      this.timedOut = true;
      this.#controller.abort();
    }, limitMs);
    if (outer.aborted) this.#controller.abort();
    else outer.addEventListener("abort", this.#forward);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Frees the timer and the listener. */
  end(): void {
    clearTimeout(this.#timer);
    this.#outer.removeEventListener("abort", this.#forward);
  }

  readonly #forward = (): void => this.#controller.abort();
}

function starvedPause(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, STARVED_PAUSE_MS);
    signal.addEventListener("abort", done);
  });
}
