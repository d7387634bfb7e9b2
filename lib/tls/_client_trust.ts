import type { X509Certificate } from "node:crypto";
import type { TLSSocket } from "node:tls";
import { type Authorities, othersOf } from "./_authorities.ts";
import { subjectLine } from "./_certificate_names.ts";
import { isValidAt } from "./_issued_by.ts";
import type { Revocations } from "./_revocations.ts";
import { nothingShown, refusalOf } from "./_verdict.ts";
import { TlsError } from "./error.ts";

/** How clients are judged. */
export interface ClientTrustOptions {
  /** Whether a client without a certificate is refused. */
  readonly isRequired: boolean;
  /** What the CAs have revoked; default nothing is looked for. */
  readonly revocations?: Revocations | undefined;
}

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
  readonly authorities: Authorities;
  /** Whether a client without a certificate is refused. */
  readonly isRequired: boolean;

  readonly #revocations: Revocations | undefined;

  constructor(authorities: Authorities, { isRequired, revocations }: ClientTrustOptions) {
    this.authorities = authorities;
    this.isRequired = isRequired;
    this.#revocations = revocations;
  }

  /** Why a client is not let in after its handshake; `undefined` when it is. Fails closed. */
  refusal(socket: TLSSocket, nowMs: number = Date.now()): TlsError | undefined {
    const refusal = refusalOf(socket, "client");
    if (refusal?.code === "CERTIFICATE_MISSING" && !this.isRequired) return undefined;
    if (refusal !== undefined) return refusal;
    const certificate = socket.getPeerX509Certificate();
    if (certificate === undefined) return nothingShown("client");
    const revoked = this.#revocations?.refusal(certificate, othersOf(socket), { side: "client", nowMs });
    if (revoked !== undefined) return revoked;
    if (isFromNothing(socket)) {
      this.authorities.remember(certificate);
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
    if (this.authorities.haveIssued(certificate, socket, nowMs)) return undefined;
    const issuer = certificate.issuer.split("\n").join(", ");
    return new TlsError(`${name} is by "${issuer}", one by a known CA was wanted`, {
      code: "CERTIFICATE_UNKNOWN",
      side: "client",
    });
  }
}

/** Whether the handshake was whole. What a runtime does not tell is not so. */
function isFromNothing(socket: TLSSocket): boolean {
  const { isSessionReused } = socket as Partial<TLSSocket>;
  return isSessionReused?.call(socket) === false;
}
