import type { X509Certificate } from "node:crypto";
import type { DetailedPeerCertificate, TLSSocket } from "node:tls";
import { subjectLine } from "./_certificate_names.ts";
import { isIssuedBy, isValidAt } from "./_issued_by.ts";
import { nothingShown, refusalOf } from "./_verdict.ts";
import { TlsError } from "./error.ts";

/** Reads one certificate, from PEM or DER. */
export type ReadCertificate = (certificate: string | Uint8Array) => X509Certificate;

/** Certificates that were verified and are remembered; of more, those that came last. About 1 MB. */
const MAX_REMEMBERED = 8192;

/**
 * Which clients an app's client CA vouches for.
 *
 * The runtime verifies a certificate at a handshake that begins from nothing. Where a client takes up an earlier session
 * again it does not: it has one key for the tickets of all servers of a thread, calls whatever certificate is in one
 * authorized, and offers no way to turn tickets away, or off. So a client of another app, of a CA that is no longer
 * trusted, or with a certificate that has expired since, would get in with a session from before. Hence a certificate of
 * an earlier session must be one that the runtime has verified for this very CA, or lead to it by our own search.
 *
 * That search looks at signatures and times. A ticket holds a certificate that the runtime has verified in full for some
 * app, or else the client had been refused before it got one; what is left out is whether a second CA that signed the
 * same certificate limits it by names.
 */
export class ClientTrust {
  /** The CA's file. */
  readonly pem: string;
  readonly #authorities: readonly X509Certificate[];
  readonly #read: ReadCertificate;
  readonly #verified = new Set<string>();

  constructor(pem: string, options: { authorities: readonly X509Certificate[]; read: ReadCertificate }) {
    this.pem = pem;
    this.#authorities = options.authorities;
    this.#read = options.read;
  }

  /** Why a client is not let in after its handshake; `undefined` when it is. Fails closed. */
  refusal(socket: TLSSocket, nowMs: number = Date.now()): TlsError | undefined {
    const refusal = refusalOf(socket, "client");
    if (refusal !== undefined) return refusal;
    const certificate = socket.getPeerX509Certificate();
    if (certificate === undefined) return nothingShown("client");
    if (isFromNothing(socket)) {
      this.#remember(certificate);
      return undefined;
    }
    return this.#refusalAgain(certificate, { socket, nowMs });
  }

  #refusalAgain(
    certificate: X509Certificate,
    { socket, nowMs }: { socket: TLSSocket; nowMs: number },
  ): TlsError | undefined {
    const name = `the certificate "${subjectLine(certificate)}" of an earlier session`;
    if (!isValidAt(certificate, nowMs)) {
      return new TlsError(`${name} expired on ${certificate.validTo}, a valid one was wanted`, {
        code: "CERTIFICATE_EXPIRED",
        side: "client",
      });
    }
    if (this.#verified.has(certificate.fingerprint256)) return undefined;
    const others = othersOf(socket).map((raw) => this.#read(raw));
    if (isIssuedBy(certificate, { others, authorities: this.#authorities, nowMs })) {
      this.#remember(certificate);
      return undefined;
    }
    const issuer = certificate.issuer.split("\n").join(", ");
    return new TlsError(`${name} is by "${issuer}", one by a known CA was wanted`, {
      code: "CERTIFICATE_UNKNOWN",
      side: "client",
    });
  }

  #remember({ fingerprint256 }: X509Certificate): void {
    this.#verified.delete(fingerprint256);
    this.#verified.add(fingerprint256);
    if (this.#verified.size <= MAX_REMEMBERED) return;
    for (const oldest of this.#verified) {
      this.#verified.delete(oldest);
      break;
    }
  }
}

/** Whether the handshake was whole. What a runtime does not tell is not so. */
function isFromNothing(socket: TLSSocket): boolean {
  const { isSessionReused } = socket as Partial<TLSSocket>;
  return isSessionReused?.call(socket) === false;
}

/** What a client sent beside its own certificate, in DER. */
function othersOf(socket: TLSSocket): Uint8Array[] {
  const others: Uint8Array[] = [];
  const seen = new Set<DetailedPeerCertificate>();
  let each: DetailedPeerCertificate | undefined = socket.getPeerCertificate(true);
  // The last one is its own issuer.
  while (each?.raw !== undefined && !seen.has(each)) {
    seen.add(each);
    others.push(each.raw);
    each = each.issuerCertificate;
  }
  return others.slice(1);
}
