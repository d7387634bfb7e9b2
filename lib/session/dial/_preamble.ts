import { type Address, type Duplex, type ProxyVersion, sendAtOnce } from "../../base/mod.ts";
import type { Preamble } from "../../dial/mod.ts";
import { abortSignalOf, type CancelSignal, type Connection } from "../../net/mod.ts";
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
 * (neither is ever inside of it).
 */
export function preamble(facts: PreambleFacts): Preamble<Candidate> {
  return async (raw: Connection, candidate: Candidate, signal: CancelSignal): Promise<Duplex> => {
    let isClosed = false;
    const close = (): void => {
      if (!isClosed) raw.close();
      isClosed = true;
    };
    signal.addEventListener("abort", close);
    try {
      const version = candidate.target.sendProxy;
      // The target need not answer a header or the end of a handshake, and the first data must not wait for its delayed
      // acknowledgement.
      const talk = facts.talk?.();
      if (version !== undefined || talk !== undefined || facts.secureTarget !== undefined) sendAtOnce(raw);
      if (version !== undefined) {
        const header = headerFor(version, facts);
        await writeAll(raw, header);
        facts.onHeader?.(header);
      }
      const upgraded = talk === undefined
        ? raw
        : await upgradeTarget(raw, talk.upgrade, abortSignalOf(signal));
      // A header alone needs no signal of the runtime, which costs more than the header.
      const { secureTarget } = facts;
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
  };
}

function headerFor(version: ProxyVersion, { source, destination, tlvs, crc32c }: PreambleFacts): Uint8Array {
  if (version === "v1") return encodeProxyHeader(version, { source, destination });
  return encodeProxyHeader(version, { source, destination, tlvs: tlvs?.sent, crc32c });
}
