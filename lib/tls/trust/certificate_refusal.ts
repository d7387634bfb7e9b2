import type { X509Certificate } from "node:crypto";
import type { DetailedPeerCertificate, TLSSocket } from "node:tls";
import { errorMessage } from "../../base/mod.ts";
import { TlsError, type TlsErrorCode, type TlsSide } from "../error.ts";
import { subjectLine } from "../certificates/certificate_names.ts";
import { x509Version } from "./_certificate_head.ts";

/**
 * Returns why the peer's certificate is refused, whatever its name; `undefined` when it is accepted.
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
    if (certificate === undefined) return missingCertificate(side);
    const unproven = unprovenVersion(certificate, side);
    if (unproven !== undefined) return unproven;
    if (socket.authorized) return undefined;
    // Node's types say Error; the runtime has its code.
    const reason = String(socket.authorizationError ?? "unknown");
    const issuerEndedOn = expiredIssuer(socket, nowMs);
    const { code, what } = explain(certificate, { reason, nowMs, issuerEndedOn });
    return new TlsError(what, { code, side, cause: reason });
  } catch (cause) {
    // The runtime verifies what it needs, and may have accepted what it cannot show.
    const what = `cannot read a certificate that the peer sent (${errorMessage(cause)})`;
    return new TlsError(what, { code: "CERTIFICATE_INVALID", side, cause });
  }
}

/**
 * The runtime reports a version 1 certificate as authorized, or reports nothing, without proof that the peer holds
 * its key: anyone who has seen the certificate could present it. So its CA does not matter.
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

/** Returns the refusal of a certificate by an unknown CA. */
export function unknownIssuer(certificate: X509Certificate, side: TlsSide): TlsError {
  const issuer = certificate.issuer.split("\n").join(", ");
  return new TlsError(
    `the certificate "${subjectLine(certificate)}" was issued by "${issuer}"; expected a known CA`,
    { code: "CERTIFICATE_UNKNOWN", side },
  );
}

/** Returns the refusal of a peer without a certificate. */
export function missingCertificate(side: TlsSide): TlsError {
  return new TlsError("no certificate presented", { code: "CERTIFICATE_MISSING", side });
}

interface Refused {
  /** The runtime's code. One code covers most cases, among them an expired certificate and a wrong issuer. */
  readonly reason: string;
  readonly nowMs: number;
  /** When the issuer's certificate expired, if the peer sent it and it has. */
  readonly issuerEndedOn: string | undefined;
}

function explain(
  certificate: X509Certificate,
  { reason, nowMs, issuerEndedOn }: Refused,
): { code: TlsErrorCode; what: string } {
  const { subject, issuer, validFrom, validTo, ca } = certificate;
  const name = `the certificate "${subjectLine(certificate)}"`;
  if (nowMs >= Date.parse(validTo) || reason.includes("CERT_HAS_EXPIRED")) {
    return { code: "CERTIFICATE_EXPIRED", what: `${name} expired on ${validTo}` };
  }
  if (nowMs < Date.parse(validFrom) || reason.includes("CERT_NOT_YET_VALID")) {
    return {
      code: "CERTIFICATE_NOT_YET_VALID",
      what: `${name} is not valid before ${validFrom}`,
    };
  }
  if (subject === issuer) {
    return {
      code: "CERTIFICATE_SELF_SIGNED",
      what: `${name} is self-signed; expected one issued by a known CA`,
    };
  }
  // The runtime reports this as self-signed too.
  if (ca && reason.includes("DEPTH_ZERO")) {
    return { code: "CERTIFICATE_INVALID", what: `${name} is a CA certificate; expected one issued by a CA` };
  }
  if (/UNABLE_TO|ISSUER|LEAF_SIGNATURE|SELF_SIGNED/.test(reason)) {
    const by = `"${issuer.split("\n").join(", ")}"`;
    const ended = issuerEndedOn === undefined ? "" : `, which expired on ${issuerEndedOn}`;
    return { code: "CERTIFICATE_UNKNOWN", what: `${name} was issued by ${by}${ended}; expected a known CA` };
  }
  return { code: "CERTIFICATE_INVALID", what: `${name} is not valid (${reason})` };
}

function expiredIssuer(socket: TLSSocket, nowMs: number): string | undefined {
  const issuer: DetailedPeerCertificate | undefined = socket.getPeerCertificate(true).issuerCertificate;
  return issuer !== undefined && nowMs >= Date.parse(issuer.valid_to) ? issuer.valid_to : undefined;
}
