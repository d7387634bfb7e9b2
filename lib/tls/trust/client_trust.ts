import type { X509Certificate } from "node:crypto";
import type { TLSSocket } from "node:tls";
import { type Authorities, othersOf } from "./authorities.ts";
import { subjectLine } from "../certificates/certificate_names.ts";
import { isValidAt } from "./_issued_by.ts";
import type { Revocations } from "./revocations.ts";
import { missingCertificate, refusalOf } from "./certificate_refusal.ts";
import { TlsError } from "../error.ts";

/** Options of {@link ClientTrust}. */
export interface ClientTrustOptions {
  /** Whether a client without a certificate is refused. */
  readonly isRequired: boolean;
  /** The CAs' revocation lists. Default: no check for revocation. */
  readonly revocations?: Revocations | undefined;
}

/**
 * Decides which clients an app's client CA admits.
 *
 * The runtime verifies a certificate in a full handshake, but not when a client resumes a session: it has one ticket
 * key for all servers of a thread, reports any certificate in a ticket as authorized, and offers no way to reject or
 * disable tickets. So a client of another app, of a CA no longer trusted, or with a certificate that has since
 * expired could resume its way in. Hence a resumed session's certificate must be one that the runtime has verified
 * for this very CA, or chain to it by our own search.
 *
 * That search checks signatures and times. A ticket holds a certificate that the runtime fully verified for some app,
 * otherwise the client would have been refused before it got one. Not checked is whether a second CA that signed the
 * same certificate constrains its names.
 */
export class ClientTrust {
  readonly authorities: Authorities;
  /** Whether a client without a certificate is refused. */
  readonly isRequired: boolean;

  readonly #revocations: Revocations | undefined;

  constructor(authorities: Authorities, { isRequired, revocations }: ClientTrustOptions) {
    this.authorities = authorities;
    this.isRequired = isRequired;
    this.#revocations = revocations;
  }

  /** Returns why a client is refused after its handshake; `undefined` when it is admitted. Fails closed. */
  refusal(socket: TLSSocket, nowMs: number = Date.now()): TlsError | undefined {
    const refusal = refusalOf(socket, "client");
    if (refusal?.code === "CERTIFICATE_MISSING" && !this.isRequired) return undefined;
    if (refusal !== undefined) return refusal;
    const certificate = socket.getPeerX509Certificate();
    if (certificate === undefined) return missingCertificate("client");
    const revoked = this.#revocations?.refusal(certificate, othersOf(socket), { side: "client", nowMs });
    if (revoked !== undefined) return revoked;
    if (isFullHandshake(socket)) {
      this.authorities.remember(certificate);
      return undefined;
    }
    return this.#refusalResumed(certificate, { socket, nowMs });
  }

  #refusalResumed(
    certificate: X509Certificate,
    { socket, nowMs }: { socket: TLSSocket; nowMs: number },
  ): TlsError | undefined {
    const name = `the certificate "${subjectLine(certificate)}" of a resumed session`;
    if (!isValidAt(certificate, nowMs)) {
      return new TlsError(`${name} expired on ${certificate.validTo}`, {
        code: "CERTIFICATE_EXPIRED",
        side: "client",
      });
    }
    if (this.authorities.haveIssued(certificate, socket, nowMs)) return undefined;
    const issuer = certificate.issuer.split("\n").join(", ");
    return new TlsError(`${name} was issued by "${issuer}"; expected a known CA`, {
      code: "CERTIFICATE_UNKNOWN",
      side: "client",
    });
  }
}

/** Whether it was a full handshake; false where the runtime does not expose it. */
function isFullHandshake(socket: TLSSocket): boolean {
  const { isSessionReused } = socket as Partial<TLSSocket>;
  return isSessionReused?.call(socket) === false;
}
