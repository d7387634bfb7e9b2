/**
 * The steps of a probe and its results.
 *
 * @module
 */
import type { Address, ProxyVersion } from "../../base/mod.ts";
import type { TlsInspection } from "../../tls/mod.ts";

/** The steps on the connection, in this order; `undefined` ones are skipped. */
export interface ProbePlan {
  readonly address: Address;
  readonly proxyHeader: ProbeHeader | undefined;
  readonly tls: ProbeTls | undefined;
  readonly send: Uint8Array | undefined;
  /** The limit of each step, in milliseconds. An answer that goes on for longer is no failure. */
  readonly timeoutMs: number;
}

/** The PROXY header to send. */
export interface ProbeHeader {
  readonly version: ProxyVersion;
  /** The client to speak for, with port 0 for the connection's own; `undefined` for ourselves. */
  readonly client: { readonly host: string; readonly port: number } | undefined;
}

/** The TLS to begin. Its verification is reported, and not enforced. */
export interface ProbeTls {
  /** The name that is asked for and that the certificate should be for. */
  readonly serverName: string;
  /** The protocols that are offered; empty for none. */
  readonly alpn: readonly string[];
  /** The protocol in which TLS is asked for first; default none. */
  readonly starttls?: "postgres" | "smtp" | "imap" | undefined;
}

/** The most bytes of an answer that are read. */
export const MAX_ANSWER_BYTES = 4096;

/** How an answer ended: the target finished, the time was over, or {@link MAX_ANSWER_BYTES} were read. */
export type AnswerEnd = "closed" | "timeout" | "limit";

/** The result of one step. */
export type ProbeFinding =
  | { readonly kind: "connect"; readonly local: Address; readonly remote: Address }
  | { readonly kind: "proxy_header" | "send"; readonly sent: Uint8Array }
  | ({ readonly kind: "tls" } & Omit<TlsInspection, "conn">)
  | { readonly kind: "answer"; readonly received: Uint8Array; readonly end: AnswerEnd };

/** One step that was made. */
export type ProbeStep = ProbeFinding & { readonly durationMs: number };

/** The step that could not be made. */
export interface ProbeFailure {
  readonly kind: ProbeFinding["kind"];
  readonly reason: string;
  readonly durationMs: number;
}

/** The result of a probe. */
export interface ProbeReport {
  /** Those that were made, in order. */
  readonly steps: readonly ProbeStep[];
  /** The error that ended the probe early. */
  readonly failure: ProbeFailure | undefined;
}
