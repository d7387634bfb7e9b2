import type * as NodeCrypto from "node:crypto";
import type { X509Certificate } from "node:crypto";
import { isSignedBy, readSigned } from "./_signed.ts";

/** Among what a certificate is looked for. */
export interface IssuerOptions {
  /** Those that the peer sent with it; trusted in nothing but what an authority signed. */
  readonly others: readonly X509Certificate[];
  readonly authorities: readonly X509Certificate[];
  /** Milliseconds since 1970. */
  readonly nowMs: number;
  readonly crypto: typeof NodeCrypto;
}

/** Certificates from the peer's own to that of an authority; what the runtime's own search allows. */
const MAX_LENGTH = 8;

/**
 * Whether one of the authorities has issued a certificate, itself or by others in between. Each signature and the time
 * of each certificate are looked at, but that of the authority's own: who trusts it has decided (RFC 5280 section 6.1).
 *
 * What a CA may have written into it of names and uses is not; see who calls it for why that is enough there.
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
    // Each once, so that a circle ends.
    return leads(other, others.filter((each) => each !== other), { options, left: left - 1 });
  });
}

/** Whether a certificate has begun and has not expired. */
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
    // The runtime knows some keys (P-521, RSA-PSS) in handshakes alone; what cannot be verified is not.
    return false;
  }
}
