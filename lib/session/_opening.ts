import { type Address, type Duplex, sendAtOnce } from "../base/mod.ts";
import type { Dialed, Opening } from "../dial/mod.ts";
import { encodeProxyHeader } from "../protocol/mod.ts";
import type { Candidate } from "../pool/mod.ts";
import type { SecureTarget } from "./app.ts";

/** What a target is told of the connection that is made for. */
export interface OpeningFacts {
  /** Who the client is and where it wanted to go, for the PROXY header. */
  readonly source: Address;
  readonly destination: Address;
  readonly secureTarget: SecureTarget | undefined;
}

/** What precedes the data on the way to a target: the PROXY header, then TLS (the header is never inside of it). */
export function opening(facts: OpeningFacts): Opening<Candidate> {
  return async (raw: Dialed, candidate: Candidate, signal: AbortSignal): Promise<Duplex> => {
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
      if (version !== undefined || facts.secureTarget !== undefined) sendAtOnce(raw);
      if (version !== undefined) await writeAll(raw, encodeProxyHeader(version, facts));
      const conn = await facts.secureTarget?.(raw, candidate, signal) ?? raw;
      signal.throwIfAborted();
      return conn;
    } catch (error) {
      close();
      throw error;
    } finally {
      signal.removeEventListener("abort", close);
    }
  };
}

/** Writes all of `bytes`, however many writes it takes. */
async function writeAll(conn: Duplex, bytes: Uint8Array): Promise<void> {
  for (let written = 0; written < bytes.length;) {
    written += await conn.write(written === 0 ? bytes : bytes.subarray(written));
  }
}
