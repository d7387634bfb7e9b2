import type { TlsConnectionState } from "../../../lib/tls/mod.ts";

/** What a TLS that was none has agreed on. */
export function emptyConnectionState(): TlsConnectionState {
  return { version: undefined, cipher: undefined, certificate: undefined };
}
