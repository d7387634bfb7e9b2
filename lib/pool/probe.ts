import {
  type Address,
  type Duplex,
  errorCode,
  errorMessage,
  isReset,
  isResourceExhaustion,
  sendAtOnce,
} from "../base/mod.ts";
import { runtimeTransport } from "../net/mod.ts";
import { CheckAttempt } from "./_check_attempt.ts";
import type { Exchange } from "./exchange.ts";

/** Why a check failed. */
export type ProbeFailureReason =
  | "refused"
  | "unreachable"
  | "timeout"
  | "reset"
  /** FIN before the answer was complete. */
  | "closed"
  /** An answer that was not the one expected. */
  | "unexpected"
  | "tls"
  | "error";

/** How one check ended. Durations are in milliseconds. */
export type ProbeResult =
  | { readonly kind: "success"; readonly durationMs: number }
  | {
    readonly kind: "failure";
    readonly reason: ProbeFailureReason;
    readonly message: string;
    readonly durationMs: number;
  }
  /** It says nothing of the target: the signal was aborted, or this process had no file descriptor left. */
  | { readonly kind: "void"; readonly message: string };

/** Something that can check an address. Never rejects. */
export interface Prober {
  run(address: Address, signal: AbortSignal): Promise<ProbeResult>;
}

export interface ProbeOptions {
  /** The limit of all of it, from the dial to the answer, in milliseconds. */
  readonly timeoutMs: number;
  /** Sent first of all, before TLS: a PROXY header that says LOCAL. */
  readonly preface?: Uint8Array;
  /**
   * Makes TLS of a connection. While it is under way the probe still owns `raw`, and closes it where this rejects; what it
   * gives owns `raw` from then on. Default is plain TCP.
   */
  readonly secure?: (raw: Duplex, signal: AbortSignal) => Promise<Duplex>;
  /**
   * Begins what is said and heard on the connection to an address. Default: none, and what it gives as `undefined` too:
   * once connected, all is well.
   */
  readonly exchange?: (address: Address) => Exchange | undefined;
  /** Default the runtime's connect. */
  readonly connect?: (address: Address, signal: AbortSignal) => Promise<Duplex>;
}

/** An answer is read in pieces of so much. */
const READ_BYTES = 4096;

/** One kind of health check: connects, asks, judges the answer, and closes the connection, whatever comes. */
export class Probe implements Prober {
  readonly #options: ProbeOptions;

  constructor(options: ProbeOptions) {
    this.#options = options;
  }

  async run(address: Address, signal: AbortSignal): Promise<ProbeResult> {
    const beganMs = performance.now();
    const attempt = new CheckAttempt(this.#options.timeoutMs, signal);
    try {
      const problem = await attempt.bounded(this.#check(address, attempt));
      const durationMs = performance.now() - beganMs;
      return problem === undefined
        ? { kind: "success", durationMs }
        : { kind: "failure", ...problem, durationMs };
    } catch (error) {
      if (signal.aborted) return { kind: "void", message: "the check was cancelled" };
      const durationMs = performance.now() - beganMs;
      if (attempt.timedOut) {
        const message = timeoutMessage(attempt, this.#options.timeoutMs);
        return { kind: "failure", reason: "timeout", message, durationMs };
      }
      const code = errorCode(error);
      const message = errorMessage(error);
      if (isResourceExhaustion(code)) return { kind: "void", message };
      const reason = attempt.stage === "TLS handshake" ? "tls" : reasonOf(code);
      return { kind: "failure", reason, message, durationMs };
    } finally {
      attempt.end();
    }
  }

  async #check(address: Address, attempt: CheckAttempt): Promise<Problem | undefined> {
    const { preface, secure, connect: dial = runtimeTransport.connect } = this.#options;
    let conn = await dial(address, attempt.signal);
    attempt.owns(conn);
    if (preface !== undefined || secure !== undefined) sendAtOnce(conn);
    if (preface !== undefined) await writeAll(conn, preface);
    if (secure !== undefined) {
      attempt.stage = "TLS handshake";
      conn = await secure(conn, attempt.signal);
      attempt.owns(conn);
    }
    attempt.stage = "answer";
    const exchange = this.#options.exchange?.(address);
    return exchange === undefined ? undefined : await converse(conn, exchange, attempt);
  }
}

interface Problem {
  readonly reason: ProbeFailureReason;
  readonly message: string;
}

async function converse(
  conn: Duplex,
  exchange: Exchange,
  attempt: CheckAttempt,
): Promise<Problem | undefined> {
  attempt.exchange = exchange;
  const buffer = new Uint8Array(READ_BYTES);
  let { verdict, send } = exchange.begin();
  for (;;) {
    if (verdict === "no_match") {
      return {
        reason: "unexpected",
        message: `${exchange.part}the target answered ${exchange.heard() ?? "nothing"}`,
      };
    }
    if (send !== undefined) await writeAll(conn, send);
    if (verdict === "match") return undefined;
    const count = await conn.read(buffer);
    if (count === null) {
      if (exchange.end() === "match") return undefined;
      return {
        reason: "closed",
        message: `${exchange.part}the target closed after ${exchange.heard() ?? "nothing"}`,
      };
    }
    ({ verdict, send } = exchange.feed(buffer.subarray(0, count)));
  }
}

/** A target that answers something else is not one that is silent. */
function timeoutMessage({ stage, exchange }: CheckAttempt, limitMs: number): string {
  const heard = exchange?.heard();
  const part = exchange?.part ?? "";
  return heard === undefined
    ? `${part}no ${stage} within ${limitMs} ms`
    : `${part}the target answered ${heard}, but not as expected within ${limitMs} ms`;
}

async function writeAll(conn: Duplex, bytes: Uint8Array): Promise<void> {
  for (let written = 0; written < bytes.length;) written += await conn.write(bytes.subarray(written));
}

function reasonOf(code: string): ProbeFailureReason {
  if (code === "ECONNREFUSED") return "refused";
  if (isReset(code)) return "reset";
  if (UNREACHABLE.has(code)) return "unreachable";
  return "error";
}

const UNREACHABLE: ReadonlySet<string> = new Set([
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EADDRNOTAVAIL",
  "ENOTFOUND",
  "ENOENT",
  "ETIMEDOUT",
]);
