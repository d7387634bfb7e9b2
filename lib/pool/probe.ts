import {
  type Address,
  type Duplex,
  errorCode,
  errorMessage,
  formatAddress,
  isReset,
  isResourceExhaustion,
  sendAtOnce,
} from "../base/mod.ts";
import { connect } from "../dial/mod.ts";
import { Attempt } from "./_attempt.ts";
import type { Pattern } from "./byte_regex.ts";
import { type AnswerReader, Expectation } from "./expectation.ts";
import { checkRequest, HttpAnswer, type StatusRange } from "./http_check.ts";

/** Why a check has failed. */
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

/** What a check asks for over HTTP. */
export interface HttpProbe {
  readonly path: string;
  readonly status: StatusRange;
  /** For the `Host` field. Default the address that is checked. */
  readonly host?: string;
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
  readonly send?: Uint8Array;
  /** Default: once connected, and what is to be sent has been sent, all is well. */
  readonly expect?: Pattern;
  /** In place of `send` and `expect`. */
  readonly http?: HttpProbe;
  /** Default the runtime's connect. */
  readonly connect?: (address: Address, signal: AbortSignal) => Promise<Duplex>;
}

/** An answer is read in pieces of so much. */
const READ_BYTES = 4096;

/** One kind of health check: connects, asks, judges the answer, and closes the connection, whatever comes. */
export class Probe implements Prober {
  readonly #options: ProbeOptions;

  /** @throws {CheckTextError} when the path or host of `http` could not stand in a request. */
  constructor(options: ProbeOptions) {
    this.#options = options;
    if (options.http !== undefined) checkRequest(options.http.path, options.http.host ?? "localhost");
  }

  async run(address: Address, signal: AbortSignal): Promise<ProbeResult> {
    const beganMs = performance.now();
    const attempt = new Attempt(this.#options.timeoutMs, signal);
    try {
      const problem = await attempt.bounded(this.#check(address, attempt));
      const durationMs = performance.now() - beganMs;
      return problem === undefined
        ? { kind: "success", durationMs }
        : { kind: "failure", ...problem, durationMs };
    } catch (error) {
      if (signal.aborted) return { kind: "void", message: "the check was called off" };
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

  async #check(address: Address, attempt: Attempt): Promise<Problem | undefined> {
    const { preface, secure, connect: dial = connect } = this.#options;
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
    const { request, answer } = this.#exchange(address);
    if (request !== undefined) await writeAll(conn, request);
    return answer === undefined ? undefined : await judge(conn, answer, attempt);
  }

  #exchange(address: Address): { request: Uint8Array | undefined; answer: AnswerReader | undefined } {
    const { http, send, expect } = this.#options;
    if (http === undefined) {
      return { request: send, answer: expect === undefined ? undefined : new Expectation(expect) };
    }
    const host = http.host ?? (address.kind === "unix" ? "localhost" : formatAddress(address));
    return { request: checkRequest(http.path, host), answer: new HttpAnswer(http.status) };
  }
}

interface Problem {
  readonly reason: ProbeFailureReason;
  readonly message: string;
}

async function judge(
  conn: Duplex,
  answer: AnswerReader,
  attempt: Attempt,
): Promise<Problem | undefined> {
  const buffer = new Uint8Array(READ_BYTES);
  for (;;) {
    const count = await conn.read(buffer);
    const verdict = count === null ? answer.end() : answer.feed(buffer.subarray(0, count));
    if (verdict === "match") return undefined;
    if (count === null) {
      return {
        reason: "closed",
        message: `the target closed after ${attempt.heard?.describe() ?? "nothing"}`,
      };
    }
    attempt.heard = answer;
    if (verdict === "no_match") {
      return { reason: "unexpected", message: `the target answered ${answer.describe()}` };
    }
  }
}

/** A target that answers something else is not one that is silent. */
function timeoutMessage({ stage, heard }: Attempt, limitMs: number): string {
  return heard === undefined
    ? `no ${stage} within ${limitMs} ms`
    : `the target answered ${heard.describe()}, and nothing that was wanted within ${limitMs} ms`;
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
