import { type Address, errorMessage, unmapAddress } from "../../base/mod.ts";
import type { CidrSet } from "../../limits/mod.ts";
import {
  isUnderWay,
  MAX_PROXY_HEADER_BYTES,
  parseProxyHeader,
  type ProxyHeaderVerdict,
} from "../../protocol/mod.ts";
import type { Final, PeekedConnection, PeekOutcome } from "../../routing/mod.ts";
import type { Announced, Refusal } from "./refusal.ts";

/** The senders trusted to send a PROXY header, and its time limit. */
export interface ProxyHeaderRule {
  readonly trusted: CidrSet;
  readonly timeoutMs: number;
  /**
   * Whether a connection may come without one and then speaks for itself. One from a peer that is not trusted is not even
   * looked at: its bytes are the client's.
   */
  readonly isOptional: boolean;
}

/** Where a header is read from. */
export interface ProxyHeaderSource {
  readonly conn: PeekedConnection;
  /** Where the connection really comes from. */
  readonly peer: Address;
  readonly signal: AbortSignal;
}

/** Reads and removes a PROXY header; returns its content, or `undefined` for a connection without one. */
export async function readProxyHeader(
  rule: ProxyHeaderRule,
  { conn, peer, signal }: ProxyHeaderSource,
): Promise<Announced | Refusal | undefined> {
  // The permissions of a unix socket's file decide who may connect to it.
  if (peer.kind === "tcp" && rule.trusted.find(peer.host) === undefined) {
    return rule.isOptional ? undefined : refuse(`${peer.host} is not one of "proxy_protocol.from"`);
  }
  const outcome = await conn.peekUntil(parseProxyHeader, {
    maxBytes: MAX_PROXY_HEADER_BYTES,
    timeoutMs: rule.timeoutMs,
    signal,
  });
  if (rule.isOptional && isAbsent(outcome, conn.bytes)) return undefined;
  // A load balancer's check of the port connects and leaves.
  if (outcome.kind === "failed" || (outcome.kind === "closed" && conn.bytes.length === 0)) {
    return { reason: "client_gone", detail: `no PROXY header came: ${describePeek(outcome)}` };
  }
  if (outcome.kind !== "verdict") return refuse(`no PROXY header came: ${describePeek(outcome)}`);
  const { verdict } = outcome;
  if (verdict.kind !== "header") return refuse(verdict.problem);
  conn.skip(verdict.length);
  const { source, destination, tlvs } = verdict.header;
  return {
    source: source && unmapAddress(source),
    destination: destination && unmapAddress(destination),
    tlvs,
  };
}

function refuse(detail: string): Refusal {
  return { reason: "bad_proxy_header", detail };
}

/**
 * Whether the connection came without a header: other bytes, none in time, or an end before one had begun for sure. A
 * header that is cut short is not absent: its bytes must not reach the target as the client's.
 */
function isAbsent(outcome: PeekOutcome<Final<ProxyHeaderVerdict>>, bytes: Uint8Array): boolean {
  switch (outcome.kind) {
    case "verdict":
      return outcome.verdict.kind === "no_header";
    case "timeout":
    case "closed":
      return !isUnderWay(bytes);
    default:
      return false;
  }
}

/** Why looking at a connection came to nothing, in words. */
export function describePeek(outcome: Exclude<PeekOutcome<unknown>, { kind: "verdict" }>): string {
  switch (outcome.kind) {
    case "timeout":
      return "it timed out";
    case "closed":
      return "the client closed its side";
    case "too_long":
      return "there are too many bytes";
    case "aborted":
      return "the session was ended";
    case "failed":
      return errorMessage(outcome.error);
  }
}
