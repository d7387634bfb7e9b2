import type * as NodeCrypto from "node:crypto";
import type * as NodeStream from "node:stream";
import type * as NodeTls from "node:tls";
import { runtimeAtLeast } from "../runtime/mod.ts";
import { TlsError, type TlsSide } from "./error.ts";

/** A version of TLS. */
export type TlsVersion = "1.2" | "1.3";

/** The versions that are spoken. */
export interface TlsVersions {
  /** The oldest. Default 1.2. */
  readonly minVersion?: TlsVersion | undefined;
  /** The newest. Default 1.3. */
  readonly maxVersion?: TlsVersion | undefined;
}

/** What the runtime is told of versions. */
export function versionOptions(
  { minVersion = "1.2", maxVersion = "1.3" }: TlsVersions,
): { minVersion: `TLSv${TlsVersion}`; maxVersion: `TLSv${TlsVersion}` } {
  return { minVersion: `TLSv${minVersion}`, maxVersion: `TLSv${maxVersion}` };
}

/** The runtime's TLS. */
export interface TlsEngine {
  readonly tls: typeof NodeTls;
  readonly stream: typeof NodeStream;
}

/**
 * The first runtime whose `node:tls` terminates TLS on any duplex stream, asks for client certificates, and calls back
 * for the server name. Before it (2.6 was tried) a server of `node:tls` can do none of these, and a client reports a
 * handshake that failed as one that succeeded.
 */
const NEEDED = { major: 2, minor: 9 } as const;

/** Whether this runtime can do TLS on a connection that is open already. */
export function isTlsSupported(): boolean {
  return runtimeAtLeast(NEEDED.major, NEEDED.minor);
}

/**
 * Loads the runtime's TLS, which a proxy without TLS never pays for.
 *
 * @throws {TlsError} `UNSUPPORTED_RUNTIME`.
 */
export async function loadEngine(side: TlsSide): Promise<TlsEngine> {
  if (!isTlsSupported()) {
    throw new TlsError(
      `this runtime is Deno ${Deno.version.deno}, ${NEEDED.major}.${NEEDED.minor} or newer was wanted`,
      { code: "UNSUPPORTED_RUNTIME", side },
    );
  }
  const [tls, stream] = await Promise.all([import("node:tls"), import("node:stream")]);
  return { tls, stream };
}

/** Loads what reads certificates. */
export async function loadCrypto(): Promise<typeof NodeCrypto> {
  return await import("node:crypto");
}
