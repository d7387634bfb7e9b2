import type { X509Certificate } from "node:crypto";
import type { TLSSocket } from "node:tls";
import { commonNameOf } from "./_certificate_names.ts";

/** What both sides of a TLS connection have agreed on. */
export interface TlsAgreement {
  /** `TLSv1.3`. */
  readonly version: string | undefined;
  /** `TLS_AES_128_GCM_SHA256`, as OpenSSL calls it. */
  readonly cipher: string | undefined;
  /** The verified certificate of the client; `undefined` where none was asked for. */
  readonly certificate: ClientCertificate | undefined;
}

/** A client's certificate. */
export interface ClientCertificate {
  readonly commonName: string | undefined;
  readonly der: Uint8Array;
  /** Whether the client showed it in an earlier session that it has taken up again. */
  readonly isOfEarlierSession: boolean;
}

/** What was agreed on in the handshake of a socket. */
export function agreementOf(socket: TLSSocket, certificate: X509Certificate | undefined): TlsAgreement {
  return {
    version: socket.getProtocol() ?? undefined,
    cipher: cipherOf(socket),
    certificate: certificate && {
      commonName: commonNameOf(certificate),
      der: new Uint8Array(certificate.raw),
      isOfEarlierSession: socket.isSessionReused(),
    },
  };
}

/** The runtime may know no cipher. */
function cipherOf(socket: TLSSocket): string | undefined {
  const cipher: { readonly name?: string } | undefined = socket.getCipher();
  return cipher?.name;
}
