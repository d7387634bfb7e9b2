import type { TlsError, TlsErrorCode } from "../error.ts";

/** Content type of a TLS record with an alert (RFC 8446 section 5.1). */
export const ALERT_RECORD = 0x15;

/** Descriptions of alerts (RFC 8446 section 6.2). */
const ALERT = {
  handshakeFailure: 40,
  badCertificate: 42,
  unsupportedCertificate: 43,
  certificateRevoked: 44,
  certificateExpired: 45,
  unknownCa: 48,
  decodeError: 50,
  protocolVersion: 70,
  internalError: 80,
  unrecognizedName: 112,
  noApplicationProtocol: 120,
} as const;

/**
 * Returns the alert for a failed ClientHello, in the clear because no keys exist yet. `undefined` where the client
 * would not understand one.
 *
 * @param runtimes the runtime's own alert: more precise about malformed data, but not about old versions.
 */
export function alertFor(error: TlsError, runtimes: Uint8Array | undefined): Uint8Array | undefined {
  if (error.code === "PLAIN_HTTP" || error.code === "NOT_TLS" || error.code === "PEER_ALERT") {
    return undefined;
  }
  const own = helloAlert(error);
  return runtimes === undefined || own === ALERT.protocolVersion ? plainAlert(own) : runtimes;
}

/**
 * Returns the alert, in the clear, for a refused client certificate: the one that OpenSSL sends for the same reason.
 */
export function certificateAlert({ code }: TlsError): Uint8Array {
  return plainAlert(CERTIFICATE_ALERTS.get(code) ?? ALERT.internalError);
}

const CERTIFICATE_ALERTS: ReadonlyMap<TlsErrorCode, number> = new Map([
  // TLS 1.2 has no alert of its own for this (RFC 5246 section 7.4.6).
  ["CERTIFICATE_MISSING", ALERT.handshakeFailure],
  ["CERTIFICATE_UNKNOWN", ALERT.unknownCa],
  ["CERTIFICATE_SELF_SIGNED", ALERT.unknownCa],
  ["CERTIFICATE_EXPIRED", ALERT.certificateExpired],
  ["CERTIFICATE_NOT_YET_VALID", ALERT.badCertificate],
  ["CERTIFICATE_INVALID", ALERT.badCertificate],
  ["CERTIFICATE_UNSUPPORTED", ALERT.unsupportedCertificate],
  ["CERTIFICATE_REVOKED", ALERT.certificateRevoked],
  ["CERTIFICATE_REVOCATION_UNKNOWN", ALERT.badCertificate],
]);

function helloAlert(error: TlsError): number {
  if (error.code === "BROKEN") return ALERT.decodeError;
  if (error.code !== "NO_SHARED_PROTOCOL") return ALERT.handshakeFailure;
  if (error.message.includes("ALPN")) return ALERT.noApplicationProtocol;
  return /tls1[23]|versions?|supported|signature algorithms/i.test(error.message)
    ? ALERT.protocolVersion
    : ALERT.handshakeFailure;
}

/**
 * Returns the alert for a ClientHello that asks for something not served here, in place of a ServerHello (RFC 6066
 * section 3, RFC 7301 section 3.2).
 */
export function unservedAlert(what: "server_name" | "protocol"): Uint8Array {
  return plainAlert(what === "server_name" ? ALERT.unrecognizedName : ALERT.noApplicationProtocol);
}

/** Returns a fatal alert in its own record. */
function plainAlert(description: number): Uint8Array {
  return Uint8Array.of(ALERT_RECORD, 3, 3, 0, 2, 2, description);
}
