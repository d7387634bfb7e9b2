import type * as NodeCrypto from "node:crypto";
import type { X509Certificate } from "node:crypto";
import { subjectLine } from "./_certificate_names.ts";
import { readRevocationList, type RevocationList, splitLists } from "./_revocation_list.ts";
import { isSignedBy } from "./_signed.ts";
import { readHead } from "./_x509_head.ts";
import { TlsError, type TlsSide } from "./error.ts";

/** Whose certificates are looked for in lists, and with what. */
export interface RevocationsOptions {
  readonly authorities: readonly X509Certificate[];
  readonly crypto: typeof NodeCrypto;
}

/**
 * The certificates that CAs have revoked.
 *
 * As strict as OpenSSL with a file of lists: the certificate that a peer shows must be by a CA of which there is a list,
 * and that list must not be past its time; else who was revoked since would come in.
 */
export class Revocations {
  readonly #lists = new Map<string, RevocationList[]>();

  /**
   * @param pem a text that `checkRevocations` has no error about but those of time.
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
   * Why a verified certificate does not count any more; `undefined` when it does.
   *
   * @param others what the peer sent with it, in DER: a CA in between may be revoked too.
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
        `${name} is by a CA of which there is no revocation list; add its list to the file`,
        side,
      );
    }
    if ([certificate.raw, ...others].some((der) => this.#isRevoked(der))) {
      return new TlsError(`${name} was revoked, or a CA above it`, { code: "CERTIFICATE_REVOKED", side });
    }
    const due = Math.max(...lists.map(({ nextUpdateMs }) => nextUpdateMs ?? Infinity));
    if (nowMs < due) return undefined;
    const when = new Date(due).toISOString();
    return unclear(
      `${name} is by a CA whose revocation list expired on ${when}; put a newer one in the file`,
      side,
    );
  }

  #isRevoked(der: Uint8Array): boolean {
    const { issuer, serial } = readHead(der);
    return this.#lists.get(issuer)?.some(({ serials }) => serials.has(serial)) ?? false;
  }
}

/** Whether one of these CAs has signed a list. */
export function isByOneOf(
  { signed }: RevocationList,
  authorities: readonly X509Certificate[],
  crypto: typeof NodeCrypto,
): boolean {
  return authorities.some((authority) => {
    try {
      return isSignedBy(signed, authority.publicKey, crypto);
    } catch {
      // A key that the runtime cannot read has signed nothing that can be verified.
      return false;
    }
  });
}

function unclear(what: string, side: TlsSide): TlsError {
  return new TlsError(what, { code: "CERTIFICATE_REVOCATION_UNKNOWN", side });
}
