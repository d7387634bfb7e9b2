import {
  type Address,
  type Duplex,
  errorCode,
  errorMessage,
  isReset,
  isResourceExhaustion,
  sendAtOnce,
} from "../../base/mod.ts";
import { runtimeTransport } from "../../net/mod.ts";
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

/** The result of one check. Durations are in milliseconds. */
export type ProbeResult =
  | { readonly kind: "success"; readonly durationMs: number }
  | {
    readonly kind: "failure";
    readonly reason: ProbeFailureReason;
    readonly message: string;
    readonly durationMs: number;
  }
  /** No verdict on the target: the signal was aborted, or this process is out of file descriptors. */
  | { readonly kind: "void"; readonly message: string };

/** Checks an address. Never rejects. */
export interface Prober {
  run(address: Address, signal: AbortSignal): Promise<ProbeResult>;
}

export interface ProbeOptions {
  /** The time limit of the whole check, from dial to answer, in milliseconds. */
  readonly timeoutMs: number;
  /** Sent first, before TLS: a PROXY header of type LOCAL. */
  readonly preface?: Uint8Array;
  /**
   * Establishes TLS. Until it resolves, the probe owns `raw` and closes it on failure; the returned connection then
   * owns `raw`. Default: plain TCP.
   */
  readonly secure?: (raw: Duplex, signal: AbortSignal) => Promise<Duplex>;
  /** Starts the conversation with an address. Without it, or where it returns `undefined`, connecting is enough. */
  readonly exchange?: (address: Address) => Exchange | undefined;
  /** Default the runtime's connect. */
  readonly connect?: (address: Address, signal: AbortSignal) => Promise<Duplex>;
}

/** The read size for answers. */
const READ_BYTES = 4096;

/** A health check: connects, sends, judges the answer, and always closes the connection. */
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
