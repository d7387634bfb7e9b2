import type * as NodeCrypto from "node:crypto";
import type { X509Certificate } from "node:crypto";
import { isSignedBy, readSigned } from "./_signature.ts";

/** Options of {@link isIssuedBy}. */
export interface IssuerOptions {
  /** The rest of the peer's chain; trusted only where a CA signed it. */
  readonly others: readonly X509Certificate[];
  readonly authorities: readonly X509Certificate[];
  /** Milliseconds since 1970. */
  readonly nowMs: number;
  readonly crypto: typeof NodeCrypto;
}

/** The longest chain, from the peer's certificate to the CA; the runtime's own search allows as many. */
const MAX_LENGTH = 8;

/**
 * Whether one of the CAs issued the certificate, directly or through intermediates. Checks each signature, and the
 * validity of each certificate except the CA's own, which is trusted as it is (RFC 5280 section 6.1).
 *
 * Does not check name constraints and key usages; callers explain why that is enough for them.
 */
export function isIssuedBy(certificate: X509Certificate, options: IssuerOptions): boolean {
  return leads(certificate, options.others, { options, left: MAX_LENGTH });
}

function leads(
  certificate: X509Certificate,
  others: readonly X509Certificate[],
  { options, left }: { options: IssuerOptions; left: number },
): boolean {
  if (left === 0 || !isValidAt(certificate, options.nowMs)) return false;
  const isItself = ({ fingerprint256 }: X509Certificate): boolean =>
    fingerprint256 === certificate.fingerprint256;
  if (
    options.authorities.some((authority) =>
      isItself(authority) || hasSigned(authority, certificate, options.crypto)
    )
  ) {
    return true;
  }
  return others.some((other) => {
    if (!other.ca || isItself(other) || !hasSigned(other, certificate, options.crypto)) return false;
    // Each once, so that a loop ends.
    return leads(other, others.filter((each) => each !== other), { options, left: left - 1 });
  });
}

/** Whether a certificate is within its validity period. */
export function isValidAt({ validFrom, validTo }: X509Certificate, nowMs: number): boolean {
  return nowMs >= Date.parse(validFrom) && nowMs < Date.parse(validTo);
}

function hasSigned(
  issuer: X509Certificate,
  certificate: X509Certificate,
  crypto: typeof NodeCrypto,
): boolean {
  try {
    return certificate.checkIssued(issuer) &&
      isSignedBy(readSigned(certificate.raw), issuer.publicKey, crypto);
  } catch {
    // The runtime supports some keys (P-521, RSA-PSS) only in handshakes; what cannot be verified is not trusted.
    return false;
  }
}
