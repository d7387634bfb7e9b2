import type { X509Certificate } from "node:crypto";
import type { TLSSocket } from "node:tls";
import { TlsError, type TlsErrorCode, type TlsSide } from "./error.ts";
import { subjectLine } from "./_certificate_names.ts";

/**
 * Why the peer's certificate is not accepted by its CA, `undefined` when it is. Whether it has the right name is another
 * question.
 *
 * Fails closed: what is not known to be verified is refused.
 */
export function refusalOf(socket: TLSSocket, side: TlsSide): TlsError | undefined {
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) {
    return new TlsError("it showed no certificate, one was wanted", { code: "CERTIFICATE_MISSING", side });
  }
  if (socket.authorized) return undefined;
  // An error to the types of Node, its code in the runtime.
  const reason = String(socket.authorizationError ?? "unknown");
  const { code, what } = explain(certificate, reason);
  return new TlsError(what, { code, side, cause: reason });
}

function explain(certificate: X509Certificate, reason: string): { code: TlsErrorCode; what: string } {
  const name = `the certificate "${subjectLine(certificate)}"`;
  if (reason.includes("CERT_HAS_EXPIRED")) {
    return {
      code: "CERTIFICATE_EXPIRED",
      what: `${name} expired on ${certificate.validTo}, a valid one was wanted`,
    };
  }
  if (reason.includes("CERT_NOT_YET_VALID")) {
    return {
      code: "CERTIFICATE_NOT_YET_VALID",
      what: `${name} is valid from ${certificate.validFrom}, a valid one was wanted`,
    };
  }
  if (reason.includes("SELF_SIGNED") || certificate.subject === certificate.issuer) {
    return {
      code: "CERTIFICATE_SELF_SIGNED",
      what: `${name} is self-signed, one by a known CA was wanted`,
    };
  }
  if (/UNABLE_TO|ISSUER|LEAF_SIGNATURE/.test(reason)) {
    return {
      code: "CERTIFICATE_UNKNOWN",
      what: `${name} is by "${certificate.issuer.split("\n").join(", ")}", one by a known CA was wanted`,
    };
  }
  return { code: "CERTIFICATE_INVALID", what: `${name} is refused (${reason}), a valid one was wanted` };
}
