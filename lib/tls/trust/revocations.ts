import type * as NodeCrypto from "node:crypto";
import type { X509Certificate } from "node:crypto";
import { subjectLine } from "../certificates/certificate_names.ts";
import { readRevocationList, type RevocationList, splitLists } from "./_revocation_list.ts";
import { isSignedBy } from "./_signature.ts";
import { readHead } from "./_certificate_head.ts";
import { TlsError, type TlsSide } from "../error.ts";

/** Options of {@link Revocations}. */
export interface RevocationsOptions {
  readonly authorities: readonly X509Certificate[];
  readonly crypto: typeof NodeCrypto;
}

/**
 * The certificates that CAs have revoked.
 *
 * As strict as OpenSSL with a file of lists: the CA of a peer's certificate must have a list, and the list must not
 * be outdated; otherwise a certificate revoked since would be accepted.
 */
export class Revocations {
  readonly #lists = new Map<string, RevocationList[]>();

  /**
   * @param pem a text in which `checkRevocations` finds no error, except about time.
   * @throws {DerError}
   */
  constructor(pem: string, { authorities, crypto }: RevocationsOptions) {
    for (const list of splitLists(pem).map(readRevocationList)) {
      if (!isByOneOf(list, authorities, crypto)) continue;
      const before = this.#lists.get(list.issuer);
      if (before === undefined) this.#lists.set(list.issuer, [list]);
      else before.push(list);
    }
  }

  /**
   * Returns why a verified certificate is refused; `undefined` when it is accepted.
   *
   * @param others the rest of the peer's chain, in DER: an intermediate CA may be revoked too.
   */
  refusal(
    certificate: X509Certificate,
    others: readonly Uint8Array[],
    { side, nowMs }: { side: TlsSide; nowMs: number },
  ): TlsError | undefined {
    const name = `the certificate "${subjectLine(certificate)}"`;
    const { issuer } = readHead(certificate.raw);
    const lists = this.#lists.get(issuer);
    if (lists === undefined) {
      return unclear(
        `${name} was issued by a CA without a revocation list; add the CA's list to the file`,
        side,
      );
    }
    if ([certificate.raw, ...others].some((der) => this.#isRevoked(der))) {
      return new TlsError(`${name} or a CA above it is revoked`, { code: "CERTIFICATE_REVOKED", side });
    }
    const due = Math.max(...lists.map(({ nextUpdateMs }) => nextUpdateMs ?? Infinity));
    if (nowMs < due) return undefined;
    const when = new Date(due).toISOString();
    return unclear(
      `${name} was issued by a CA whose revocation list expired on ${when}; put a newer one in the file`,
      side,
    );
  }

  #isRevoked(der: Uint8Array): boolean {
    const { issuer, serial } = readHead(der);
    return this.#lists.get(issuer)?.some(({ serials }) => serials.has(serial)) ?? false;
  }
}

/** Whether one of these CAs signed the list. */
export function isByOneOf(
  { signed }: RevocationList,
  authorities: readonly X509Certificate[],
  crypto: typeof NodeCrypto,
): boolean {
  return authorities.some((authority) => {
    try {
      return isSignedBy(signed, authority.publicKey, crypto);
    } catch {
      // A key that the runtime cannot read verifies nothing.
      return false;
    }
  });
}

function unclear(what: string, side: TlsSide): TlsError {
  return new TlsError(what, { code: "CERTIFICATE_REVOCATION_UNKNOWN", side });
}
