import { type Address, type Duplex, errorCode, errorMessage, isResourceExhaustion } from "../base/mod.ts";
import { type CancelSignal, type Connection, runtimeTransport, type Transport } from "../net/mod.ts";
import { pauseDialing, SignalHolder, STARVED_PAUSE_MS, TimedAttempt } from "./_timed_attempt.ts";
import { FdPressure } from "./fd_pressure.ts";
import type { DialHolder } from "./holder.ts";

/** A target as the dialer sees it. */
export interface DialTarget {
  readonly address: Address;
}

/** Why one target could not be reached. */
export interface DialFailure<T extends DialTarget> {
  readonly target: T;
  /** The errno name; `ETIMEDOUT` when the limit passed. */
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

/** Receives the result of every dial. */
export interface DialObserver<T extends DialTarget> {
  dialed(target: T, durationMs: number): void;
  dialFailed(failure: DialFailure<T>): void;
  /** Called when the process has no file descriptor left for a dial, which then waits and retries. */
  dialStarved(target: T, error: unknown): void;
}

/**
 * Prepares a fresh connection before it counts as made: sends a PROXY header, completes a TLS handshake. It owns the
 * connection until it returns or resolves, and closes it when it throws or rejects.
 */
export type Preamble<T extends DialTarget> = (
  conn: Connection,
  target: T,
  signal: CancelSignal,
) => Duplex | Promise<Duplex>;

/** A pause before the next target is requested; it counts towards the deadline. */
export class DialPause {
  readonly ms: number;

  constructor(ms: number) {
    this.ms = ms;
  }
}

/** The next target to dial, a pause before there is one, or `undefined` for none. */
export type Next<T extends DialTarget> = T | DialPause | undefined;

/** Returns the next target, at once or when it may be dialed. Called again after each failure and each pause. */
export type NextTarget<T extends DialTarget> = () => Next<T> | Promise<Next<T>>;

export interface DialerOptions<T extends DialTarget> {
  /** Limit of one dial, including name resolution and all addresses of a name. */
  readonly connectTimeoutMs: number;
  /** Limit of all dials of one connection. */
  readonly connectDeadlineMs: number;
  readonly observer?: DialObserver<T>;
  /** Descriptor pressure that the dialers of a thread share; default: one of its own. */
  readonly fdPressure?: FdPressure;
  /** Default the runtime's sockets. */
  readonly transport?: Pick<Transport, "connect">;
  /** Whether the transport asks whom a dial is for; default no. */
  readonly asksWhom?: boolean;
}

/** Least time for a dial: a deadline's timer may fire a fraction of a millisecond early. */
const LEAST_MS = 1;

/** Shared by all dials without failures; never written to. */
const NO_FAILURES: never[] = [];

/** Dials candidates one after the other until one answers. */
export class Dialer<T extends DialTarget> {
  readonly #options: DialerOptions<T>;
  readonly #fdPressure: FdPressure;

  constructor(options: DialerOptions<T>) {
    this.#options = options;
    this.#fdPressure = options.fdPressure ?? new FdPressure();
  }

  /**
   * Dials candidates from `next` until one answers, `next` returns `undefined`, the deadline passes or `until` is
   * aborted. A pause that would outlast the deadline ends the dialing at once.
   *
   * Time that `next` spends waiting for a candidate does not count towards the deadline. `open` is part of each dial
   * and its limit. Never rejects, unless `next` does. The caller owns the resulting connection.
   */
  async dial(
    next: NextTarget<T>,
    until: AbortSignal | DialHolder,
    open?: Preamble<T>,
  ): Promise<DialResult<T>> {
    const holder = until instanceof AbortSignal ? new SignalHolder(until) : until;
    const how = { holder, open };
    let nowMs = performance.now();
    let endsAtMs = nowMs + this.#options.connectDeadlineMs;
    let failures: DialFailure<T>[] = NO_FAILURES;
    let tries = 0;
    for (;;) {
      let target = next();
      if (target instanceof Promise) {
        const beganMs = nowMs;
        target = await target;
        nowMs = performance.now();
        endsAtMs += nowMs - beganMs;
      }
      if (target === undefined) break;
      if (target instanceof DialPause) {
        if (endsAtMs - nowMs < target.ms + LEAST_MS) {
          return { kind: "exhausted", tries, timedOut: true, failures };
        }
        await pauseDialing(holder, target.ms);
        if (holder.aborted) break;
        nowMs = performance.now();
        continue;
      }
      let answer = await this.#dialOnce(target, { beganMs: nowMs, endsAtMs }, how);
      if (answer.kind === "starved") answer = await this.#dialStarved(target, endsAtMs, how);
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
      nowMs = performance.now();
    }
    if (holder.aborted) return { kind: "aborted", tries, failures };
    return { kind: "exhausted", tries, timedOut: false, failures };
  }

  /** Retries one target until it succeeds or fails for any reason other than a lack of file descriptors. */
  async #dialStarved(target: T, endsAtMs: number, how: How<T>): Promise<Answer<T>> {
    using starved = this.#fdPressure.begin();
    for (;;) {
      await pauseDialing(how.holder, STARVED_PAUSE_MS);
      // A dial that gives way counts as out of time: closing its client frees a descriptor for another dial.
      if (starved.mustGiveWay()) return how.holder.aborted ? { kind: "aborted" } : { kind: "deadline" };
      const answer = await this.#dialOnce(target, { beganMs: performance.now(), endsAtMs }, how);
      if (answer.kind !== "starved") return answer;
    }
  }

  async #dialOnce(
    target: T,
    { beganMs, endsAtMs }: DialTime,
    how: How<T>,
  ): Promise<Answer<T> | { kind: "starved" }> {
    const { holder, open } = how;
    const { connectTimeoutMs, observer } = this.#options;
    if (holder.aborted) return { kind: "aborted" };
    const limitMs = Math.min(connectTimeoutMs, endsAtMs - beganMs);
    if (limitMs < LEAST_MS) return { kind: "deadline" };
    const attempt = new TimedAttempt(beganMs + limitMs);
    holder.hold(attempt);
    const { address } = target;
    try {
      let refusal = holder.refusal?.(address);
      if (refusal instanceof Promise) refusal = await refusal;
      if (refusal !== undefined) throw refusal;
      const { transport = runtimeTransport, asksWhom = false } = this.#options;
      const raw = await transport.connect(address, attempt, asksWhom ? holder : undefined);
      vet(holder, raw, address);
      const opened = open === undefined ? raw : open(raw, target, attempt);
      const conn = opened instanceof Promise ? await opened : opened;
      // `open` has sent what makes the connection; it may still be refused.
      if (raw.established !== undefined) await establish(raw, conn, attempt);
      const durationMs = performance.now() - beganMs;
      observer?.dialed(target, durationMs);
      return { kind: "connected", conn, durationMs };
    } catch (error) {
      if (holder.aborted) return { kind: "aborted" };
      const code = attempt.timedOut ? "ETIMEDOUT" : errorCode(error);
      if (isResourceExhaustion(code)) {
        observer?.dialStarved(target, error);
        return { kind: "starved" };
      }
      const message = attempt.timedOut ? `no answer within ${Math.round(limitMs)} ms` : errorMessage(error);
      const failure = { target, code, message, durationMs: performance.now() - beganMs };
      observer?.dialFailed(failure);
      return { kind: "failed", failure };
    } finally {
      attempt.end();
      holder.hold(undefined);
    }
  }
}

/** Has the holder inspect a fresh connection, which is closed where it throws. */
function vet(holder: DialHolder, conn: Connection, address: Address): void {
  try {
    holder.vet?.(conn, address);
  } catch (error) {
    conn.close();
    throw error;
  }
}

async function establish(raw: Connection, conn: Duplex, signal: CancelSignal): Promise<void> {
  try {
    await raw.established?.(signal);
  } catch (error) {
    conn.close();
    throw error;
  }
}

interface DialTime {
  readonly beganMs: number;
  /** When the dials of this connection end. */
  readonly endsAtMs: number;
}

interface How<T extends DialTarget> {
  readonly holder: DialHolder;
  readonly open: Preamble<T> | undefined;
}

type Answer<T extends DialTarget> =
  | { kind: "connected"; conn: Duplex; durationMs: number }
  | { kind: "failed"; failure: DialFailure<T> }
  | { kind: "aborted" }
  | { kind: "deadline" };
