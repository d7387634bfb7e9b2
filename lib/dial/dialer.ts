import {
  type Address,
  type Duplex,
  errorCode,
  errorMessage,
  isResourceExhaustion,
  MAX_TIMER_MS,
} from "../base/mod.ts";
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

/**
 * Gives the next target to dial, at once or when it may be dialed; `undefined` for none. It is asked again when the last one
 * has failed.
 */
export type NextTarget<T extends DialTarget> = () => T | undefined | Promise<T | undefined>;

/** One dial, or the pause before the next, while it lasts. */
export interface DialAttempt {
  /** Ends it at once. */
  abort(): void;
  /**
   * Sets the timer of its limit. Most dials answer in no time and never need one: whoever holds the attempt calls this when
   * it has lasted a little, well before the limit.
   */
  linger(): void;
}

/** Whoever dials for a connection: it may end that at any time, and watches how long it takes. */
export interface DialHolder {
  /** Whether it has ended the dialing. */
  readonly aborted: boolean;
  /** Is given each attempt when it begins, and `undefined` when it is over. */
  hold(attempt: DialAttempt | undefined): void;
}

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
   * Takes candidates from `next` until one answers, `next` gives `undefined`, the deadline passes or `until` is aborted.
   * Where `next` waits for a candidate, that is no part of the deadline. `open` is part of each dial and of its limit.
   * Never rejects, unless `next` does. The caller owns the connection of the result.
   */
  async dial(
    next: NextTarget<T>,
    until: AbortSignal | DialHolder,
    open?: Opening<T>,
  ): Promise<DialResult<T>> {
    const holder = until instanceof AbortSignal ? new SignalHolder(until) : until;
    let endsAtMs = performance.now() + this.#options.connectDeadlineMs;
    let failures: DialFailure<T>[] = NO_FAILURES;
    let tries = 0;
    for (;;) {
      let target = next();
      if (target instanceof Promise) {
        const beganMs = performance.now();
        target = await target;
        endsAtMs += performance.now() - beganMs;
      }
      if (target === undefined) break;
      const answer = await this.#dialOne(target, endsAtMs, { holder, open });
      if (answer.kind === "deadline") return { kind: "exhausted", tries, timedOut: true, failures };
      tries++;
      if (answer.kind === "connected" && !holder.aborted) {
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
      if (answer.kind === "aborted" || holder.aborted) return { kind: "aborted", tries, failures };
      if (answer.kind === "failed") {
        if (failures.length === 0) failures = [];
        failures.push(answer.failure);
      }
    }
    if (holder.aborted) return { kind: "aborted", tries, failures };
    return { kind: "exhausted", tries, timedOut: false, failures };
  }

  /** One target until it has answered in some way; waits where it is this process that lacks a file descriptor. */
  async #dialOne(target: T, endsAtMs: number, { holder, open }: How<T>): Promise<Answer<T>> {
    const { connectTimeoutMs, observer } = this.#options;
    for (;;) {
      if (holder.aborted) return { kind: "aborted" };
      const beganMs = performance.now();
      const limitMs = Math.min(connectTimeoutMs, endsAtMs - beganMs);
      if (limitMs <= 0) return { kind: "deadline" };
      const attempt = new Attempt(beganMs + limitMs);
      holder.hold(attempt);
      try {
        const raw = await connect(target.address, attempt.signal);
        const conn = open === undefined ? raw : await open(raw, target, attempt.signal);
        const durationMs = performance.now() - beganMs;
        observer?.dialed(target, durationMs);
        return { kind: "connected", conn, durationMs };
      } catch (error) {
        if (holder.aborted) return { kind: "aborted" };
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
        holder.hold(undefined);
      }
      await starvedPause(holder);
    }
  }
}

interface How<T extends DialTarget> {
  readonly holder: DialHolder;
  readonly open: Opening<T> | undefined;
}

type Answer<T extends DialTarget> =
  | { kind: "connected"; conn: Duplex; durationMs: number }
  | { kind: "failed"; failure: DialFailure<T> }
  | { kind: "aborted" }
  | { kind: "deadline" };

/** One dial with its limit. */
class Attempt implements DialAttempt {
  timedOut = false;
  readonly #controller = new AbortController();
  readonly #endsAtMs: number;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(endsAtMs: number) {
    this.#endsAtMs = endsAtMs;
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  abort(): void {
    this.#controller.abort();
  }

  linger(): void {
    this.#timer ??= setTimeout(() => {
      this.timedOut = true;
      this.#controller.abort();
    }, Math.min(MAX_TIMER_MS, Math.max(0, this.#endsAtMs - performance.now())));
  }

  end(): void {
    clearTimeout(this.#timer);
  }
}

/** A signal as one that holds attempts. */
class SignalHolder implements DialHolder {
  readonly #signal: AbortSignal;
  #attempt: DialAttempt | undefined;

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  get aborted(): boolean {
    return this.#signal.aborted;
  }

  hold(attempt: DialAttempt | undefined): void {
    this.#attempt = attempt;
    attempt?.linger();
    if (attempt === undefined) this.#signal.removeEventListener("abort", this.#abort);
    else this.#signal.addEventListener("abort", this.#abort);
  }

  readonly #abort = (): void => this.#attempt?.abort();
}

function starvedPause(holder: DialHolder): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      holder.hold(undefined);
      resolve();
    };
    const timer = setTimeout(done, STARVED_PAUSE_MS);
    holder.hold({ abort: done, linger: () => {} });
  });
}
