import { type Address, type Duplex, type ProxyVersion, sendAtOnce } from "../../base/mod.ts";
import type { Preamble } from "../../dial/mod.ts";
import { abortSignalOf, type CancelSignal, type Connection, MAX_HEAD_BYTES } from "../../net/mod.ts";
import { encodeProxyHeader } from "../../protocol/mod.ts";
import type { Candidate } from "../../pool/mod.ts";
import type { SecureTarget, TargetTalk } from "../app.ts";
import { PrefixedConnection } from "../negotiate/prefixed.ts";
import { writeAll } from "../negotiate/dialogue.ts";
import type { SessionTlvs } from "../_tlvs.ts";
import { upgradeTarget } from "../negotiate/upgrade_target.ts";

/** The facts about a connection that precede its data on the way to the target. */
export interface PreambleFacts {
  /** The client's address and the address it connected to, for the PROXY header. */
  readonly source: Address;
  readonly destination: Address;
  readonly secureTarget: SecureTarget | undefined;
  /** Begins the talk in plain text with one target; `undefined` for none. */
  readonly talk?: (() => TargetTalk | undefined) | undefined;
  /** The server name that the client asked for. */
  readonly sni?: string | undefined;
  /** The fields (TLV) of a v2 header; `undefined` for none. */
  readonly tlvs?: Pick<SessionTlvs, "sent"> | undefined;
  /** Whether a v2 header has a checksum; default not. */
  readonly crc32c?: boolean;
  /** Is given the PROXY header that a target has been sent; default nobody is. */
  onHeader?(header: Uint8Array): void;
}

/**
 * Sends what precedes the data to a target: the PROXY header, the request for TLS in the target's protocol, then TLS
 * (neither is ever inside of it). A header alone may go with the data's first bytes.
 */
export function preamble(facts: PreambleFacts): Preamble<Candidate> {
  const isHeaderAlone = facts.talk === undefined && facts.secureTarget === undefined;
  return (raw, candidate, signal) => {
    let header: Uint8Array | undefined;
    try {
      const { sendProxy } = candidate.target;
      header = sendProxy === undefined ? undefined : headerFor(sendProxy, facts);
      if (isHeaderAlone && (header === undefined || leads(raw, header))) {
        if (header !== undefined) facts.onHeader?.(header);
        return raw;
      }
    } catch (error) {
      raw.close();
      throw error;
    }
    return open(raw, { facts, candidate, header, signal });
  };
}

/** Has the header precede the first bytes of the data, where the connection can; returns whether it does. */
function leads(raw: Connection, header: Uint8Array): boolean {
  // One that its first bytes make waits for the target's answer to them.
  if (raw.sendFirst === undefined || raw.established !== undefined || header.length > MAX_HEAD_BYTES) {
    return false;
  }
  raw.sendFirst(header);
  return true;
}

interface Opening {
  readonly facts: PreambleFacts;
  readonly candidate: Candidate;
  readonly header: Uint8Array | undefined;
  readonly signal: CancelSignal;
}

async function open(raw: Connection, { facts, candidate, header, signal }: Opening): Promise<Duplex> {
  let isClosed = false;
  const close = (): void => {
    if (!isClosed) raw.close();
    isClosed = true;
  };
  signal.addEventListener("abort", close);
  try {
    const { secureTarget } = facts;
    const talk = facts.talk?.();
    // The target need not answer a header or the end of a handshake, and the first data must not wait for its delayed
    // acknowledgement.
    if (header !== undefined || talk !== undefined || secureTarget !== undefined) sendAtOnce(raw);
    if (header !== undefined) {
      await writeAll(raw, header);
      facts.onHeader?.(header);
    }
    const upgraded = talk === undefined ? raw : await upgradeTarget(raw, talk.upgrade, abortSignalOf(signal));
    // A header alone needs no signal of the runtime, which costs more than the header.
    const conn = secureTarget === undefined
      ? upgraded
      : await secureTarget(upgraded, candidate, abortSignalOf(signal), facts.sni) ?? upgraded;
    if (signal.aborted) throw signal.reason;
    const lead = talk?.lead?.();
    return lead === undefined && talk?.rewrite === undefined
      ? conn
      : new PrefixedConnection(conn, { lead, rewrite: talk?.rewrite });
  } catch (error) {
    close();
    throw error;
  } finally {
    signal.removeEventListener("abort", close);
  }
}

function headerFor(version: ProxyVersion, { source, destination, tlvs, crc32c }: PreambleFacts): Uint8Array {
  if (version === "v1") return encodeProxyHeader(version, { source, destination });
  return encodeProxyHeader(version, { source, destination, tlvs: tlvs?.sent, crc32c });
}
