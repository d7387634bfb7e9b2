import type * as NodeCrypto from "node:crypto";
import type { X509Certificate } from "node:crypto";
import type { DetailedPeerCertificate, TLSSocket } from "node:tls";
import { isIssuedBy } from "./_issued_by.ts";
import { splitPem } from "../certificates/pem.ts";

/** How many verified certificates to remember, the latest ones. About 1 MB. */
const MAX_REMEMBERED = 8192;

/** A file of CAs, with a memory of certificates known to be issued by them. */
export class Authorities {
  /** The file's text. */
  readonly pem: string;
  readonly certificates: readonly X509Certificate[];
  readonly #crypto: typeof NodeCrypto;
  readonly #issued = new Set<string>();

  /** @param pem a text in which `checkAuthorities` finds no error. */
  constructor(pem: string, crypto: typeof NodeCrypto) {
    this.pem = pem;
    this.certificates = splitPem(pem).map((each) => new crypto.X509Certificate(each));
    this.#crypto = crypto;
  }

  /** Whether one of them issued the peer's certificate, by signature; the result is remembered. */
  haveIssued(certificate: X509Certificate, socket: TLSSocket, nowMs: number): boolean {
    if (this.#issued.has(certificate.fingerprint256)) return true;
    const others = othersOf(socket).map((raw) => new this.#crypto.X509Certificate(raw));
    const crypto = this.#crypto;
    if (!isIssuedBy(certificate, { others, authorities: this.certificates, nowMs, crypto })) return false;
    this.remember(certificate);
    return true;
  }

  /** Remembers that one of them issued the certificate. */
  remember({ fingerprint256 }: X509Certificate): void {
    this.#issued.delete(fingerprint256);
    this.#issued.add(fingerprint256);
    if (this.#issued.size <= MAX_REMEMBERED) return;
    for (const oldest of this.#issued) {
      this.#issued.delete(oldest);
      break;
    }
  }
}

/** Returns the certificates that a peer sent besides its own, in DER. */
export function othersOf(socket: TLSSocket): Uint8Array[] {
  const others: Uint8Array[] = [];
  const seen = new Set<DetailedPeerCertificate>();
  let each: DetailedPeerCertificate | undefined = socket.getPeerCertificate(true);
  // The last one names itself as its issuer.
  while (each?.raw !== undefined && !seen.has(each)) {
    seen.add(each);
    others.push(each.raw);
    each = each.issuerCertificate;
  }
  return others.slice(1);
}
