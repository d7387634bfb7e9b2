import { errorMessage } from "../../base/mod.ts";
import { ALERT_RECORD } from "./alerts.ts";
import { TlsError, type TlsErrorCode, type TlsSide } from "../error.ts";

/** The first bytes of an HTTP request without TLS. */
const HTTP_REQUEST = /^(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS|CONNECT|TRACE|PRI) /;

/** Content type of a TLS record with a handshake message (RFC 8446 section 5.1). */
const HANDSHAKE_RECORD = 0x16;

/**
 * Converts an error of the runtime's TLS.
 *
 * @param opening the first bytes that the peer sent.
 */
export function handshakeError(error: unknown, opening: Uint8Array, side: TlsSide): TlsError {
  const { code, what } = explain(error, opening);
  return new TlsError(what, { code, side, cause: error });
}

interface Explanation {
  readonly code: TlsErrorCode;
  readonly what: string;
}

function explain(error: unknown, opening: Uint8Array): Explanation {
  const first = opening[0];
  if (first !== undefined && first !== HANDSHAKE_RECORD && first !== ALERT_RECORD) return notTls(opening);
  const message = errorMessage(error);
  const alert = /received fatal alert: (\w+)/.exec(message)?.[1];
  if (alert !== undefined) {
    return {
      code: "PEER_ALERT",
      what: `peer sent the fatal alert "${words(alert)}"`,
    };
  }
  if (/no certificates|did not return a certificate|NoCertificatesPresented/i.test(message)) {
    return { code: "CERTIFICATE_MISSING", what: "no certificate presented" };
  }
  if (/support any known protocol|NoApplicationProtocol/i.test(message)) {
    return {
      code: "NO_SHARED_PROTOCOL",
      what: "no application protocol (ALPN) in common",
    };
  }
  const incompatible = /peer is incompatible: (\w+)/.exec(message)?.[1];
  if (incompatible !== undefined) {
    return {
      code: "NO_SHARED_PROTOCOL",
      what: `nothing in common (${words(incompatible)}); expected TLS 1.2 or 1.3 with a modern cipher`,
    };
  }
  return { code: "BROKEN", what: `invalid TLS data (${message})` };
}

function notTls(opening: Uint8Array): Explanation {
  // Latin-1, so that each byte is one character.
  const text = String.fromCharCode(...opening);
  if (HTTP_REQUEST.test(text)) {
    return { code: "PLAIN_HTTP", what: "received a plain HTTP request; expected a TLS handshake" };
  }
  if (text.startsWith("HTTP/")) {
    return { code: "PLAIN_HTTP", what: "received a plain HTTP response; expected a TLS handshake" };
  }
  const hex = [...opening.subarray(0, 4)].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
  return { code: "NOT_TLS", what: `first bytes are ${hex}; expected a TLS handshake` };
}

/** `UnknownCA` becomes `unknown CA`, `CertificateRequired` becomes `certificate required`. */
function words(name: string): string {
  return name.replace(/([a-z])([A-Z])/g, "$1 $2").replace(
    /\b[A-Z][a-z]+/g,
    (word) => word.toLowerCase(),
  );
}
