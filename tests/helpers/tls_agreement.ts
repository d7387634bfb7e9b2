import type { TlsAgreement } from "../../lib/tls/mod.ts";

/** What a TLS that was none has agreed on. */
export function noAgreement(): TlsAgreement {
  return { version: undefined, cipher: undefined, certificate: undefined };
}
