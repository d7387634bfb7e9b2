import type * as NodeCrypto from "node:crypto";
import type * as NodeStream from "node:stream";
import type * as NodeTls from "node:tls";
import { runtimeAtLeast } from "../runtime/mod.ts";
import { TlsError, type TlsSide } from "./error.ts";

/** A TLS version. */
export type TlsVersion = "1.2" | "1.3";

/** The accepted TLS versions. */
export interface TlsVersions {
  /** The oldest. Default 1.2. */
  readonly minVersion?: TlsVersion | undefined;
  /** The newest. Default 1.3. */
  readonly maxVersion?: TlsVersion | undefined;
}

/** Returns the version options for the runtime. */
export function versionOptions(
  { minVersion = "1.2", maxVersion = "1.3" }: TlsVersions,
): { minVersion: `TLSv${TlsVersion}`; maxVersion: `TLSv${TlsVersion}` } {
  return { minVersion: `TLSv${minVersion}`, maxVersion: `TLSv${maxVersion}` };
}

/** The runtime's TLS modules. */
export interface RuntimeTls {
  readonly tls: typeof NodeTls;
  readonly stream: typeof NodeStream;
}

/**
 * The first Deno whose `node:tls` terminates TLS on any duplex stream, requests client certificates, and calls back
 * for the server name. Earlier servers (2.6 was tried) do none of these, and an earlier client reports a failed
 * handshake as successful.
 */
const NEEDED = { major: 2, minor: 9 } as const;

/** Whether this runtime can do TLS over an open connection. */
export function isTlsSupported(): boolean {
  return runtimeAtLeast(NEEDED.major, NEEDED.minor);
}

/**
 * Loads the runtime's TLS on demand, so that a proxy without TLS does not pay for it.
 *
 * @throws {TlsError} `UNSUPPORTED_RUNTIME`.
 */
export async function loadRuntimeTls(side: TlsSide): Promise<RuntimeTls> {
  if (!isTlsSupported()) {
    throw new TlsError(
      `this is Deno ${Deno.version.deno}; TLS needs ${NEEDED.major}.${NEEDED.minor} or newer`,
      { code: "UNSUPPORTED_RUNTIME", side },
    );
  }
  const [tls, stream] = await Promise.all([import("node:tls"), import("node:stream")]);
  return { tls, stream };
}

/** Loads `node:crypto`, which reads certificates. */
export async function loadCrypto(): Promise<typeof NodeCrypto> {
  return await import("node:crypto");
}
