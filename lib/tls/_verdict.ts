import type { X509Certificate } from "node:crypto";
import type { DetailedPeerCertificate, TLSSocket } from "node:tls";
import { errorMessage } from "../base/mod.ts";
import { TlsError, type TlsErrorCode, type TlsSide } from "./error.ts";
import { subjectLine } from "./_certificate_names.ts";
import { x509Version } from "./_x509_head.ts";

/**
 * Why the peer's certificate is not accepted by its CA, `undefined` when it is. Whether it has the right name is another
 * question.
 *
 * Fails closed: what is not known to be verified is refused.
 */
export function refusalOf(
  socket: TLSSocket,
  side: TlsSide,
  nowMs: number = Date.now(),
): TlsError | undefined {
  try {
    const certificate = socket.getPeerX509Certificate();
    if (certificate === undefined) return nothingShown(side);
    const unproven = unprovenVersion(certificate, side);
    if (unproven !== undefined) return unproven;
    if (socket.authorized) return undefined;
    // An error to the types of Node, its code in the runtime.
    const reason = String(socket.authorizationError ?? "unknown");
    const issuerEndedOn = expiredIssuer(socket, nowMs);
    const { code, what } = explain(certificate, { reason, nowMs, issuerEndedOn });
    return new TlsError(what, { code, side, cause: reason });
  } catch (cause) {
    // The runtime verifies what it needs, and may have let pass what it cannot show.
    const what = `a certificate that it sent cannot be read (${errorMessage(cause)}), valid ones were wanted`;
    return new TlsError(what, { code: "CERTIFICATE_INVALID", side, cause });
  }
}

/**
 * The runtime calls a certificate of version 1 authorized, or tells no more of it, without having looked whether the peer
 * holds its key: anyone who has seen it could show it. Its CA does not matter then.
 */
function unprovenVersion(certificate: X509Certificate, side: TlsSide): TlsError | undefined {
  const version = x509Version(certificate.raw);
  if (version === 3) return undefined;
  const what = version === undefined ? "is not strict DER" : `has X.509 version ${version}`;
  return new TlsError(
    `the certificate "${
      subjectLine(certificate)
    }" ${what}, and this runtime verifies who holds the key of version 3 ` +
      "alone; have it issued again as version 3",
    { code: "CERTIFICATE_UNSUPPORTED", side },
  );
}

/** The refusal of a certificate that no known CA has issued. */
export function unknownIssuer(certificate: X509Certificate, side: TlsSide): TlsError {
  const issuer = certificate.issuer.split("\n").join(", ");
  return new TlsError(
    `the certificate "${subjectLine(certificate)}" is by "${issuer}", one by a known CA was wanted`,
    { code: "CERTIFICATE_UNKNOWN", side },
  );
}

/** The refusal of a peer that has shown no certificate. */
export function nothingShown(side: TlsSide): TlsError {
  return new TlsError("it showed no certificate, one was wanted", { code: "CERTIFICATE_MISSING", side });
}

interface Refused {
  /** What the runtime says. It has one word for most, an expired certificate and a wrong issuer among them. */
  readonly reason: string;
  readonly nowMs: number;
  /** When the issuer's own certificate expired, where the peer has sent that along and it has. */
  readonly issuerEndedOn: string | undefined;
}

function explain(
  certificate: X509Certificate,
  { reason, nowMs, issuerEndedOn }: Refused,
): { code: TlsErrorCode; what: string } {
  const { subject, issuer, validFrom, validTo, ca } = certificate;
  const name = `the certificate "${subjectLine(certificate)}"`;
  if (nowMs >= Date.parse(validTo) || reason.includes("CERT_HAS_EXPIRED")) {
    return { code: "CERTIFICATE_EXPIRED", what: `${name} expired on ${validTo}, a valid one was wanted` };
  }
  if (nowMs < Date.parse(validFrom) || reason.includes("CERT_NOT_YET_VALID")) {
    return {
      code: "CERTIFICATE_NOT_YET_VALID",
      what: `${name} is valid from ${validFrom}, a valid one was wanted`,
    };
  }
  if (subject === issuer) {
    return {
      code: "CERTIFICATE_SELF_SIGNED",
      what: `${name} is self-signed, one by a known CA was wanted`,
    };
  }
  // The runtime says "self-signed" of this too.
  if (ca && reason.includes("DEPTH_ZERO")) {
    return { code: "CERTIFICATE_INVALID", what: `${name} is a CA's own, one that a CA issued was wanted` };
  }
  if (/UNABLE_TO|ISSUER|LEAF_SIGNATURE|SELF_SIGNED/.test(reason)) {
    const by = `"${issuer.split("\n").join(", ")}"`;
    const ended = issuerEndedOn === undefined ? "" : `, which expired on ${issuerEndedOn}`;
    return { code: "CERTIFICATE_UNKNOWN", what: `${name} is by ${by}${ended}, one by a known CA was wanted` };
  }
  return { code: "CERTIFICATE_INVALID", what: `${name} is refused (${reason}), a valid one was wanted` };
}

function expiredIssuer(socket: TLSSocket, nowMs: number): string | undefined {
  const issuer: DetailedPeerCertificate | undefined = socket.getPeerCertificate(true).issuerCertificate;
  return issuer !== undefined && nowMs >= Date.parse(issuer.valid_to) ? issuer.valid_to : undefined;
}
