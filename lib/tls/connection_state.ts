import type { X509Certificate } from "node:crypto";
import type { TLSSocket } from "node:tls";
import { commonNameOf } from "./certificates/certificate_names.ts";

/** The negotiated parameters of a TLS connection. */
export interface TlsConnectionState {
  /** Such as `TLSv1.3`. */
  readonly version: string | undefined;
  /** OpenSSL's name, such as `TLS_AES_128_GCM_SHA256`. */
  readonly cipher: string | undefined;
  /** The client's verified certificate; `undefined` where none was requested. */
  readonly certificate: ClientCertificate | undefined;
}

/** A client's certificate. */
export interface ClientCertificate {
  readonly commonName: string | undefined;
  readonly der: Uint8Array;
  /** Whether it comes from a resumed session. */
  readonly isOfEarlierSession: boolean;
}

/** Returns what a socket's handshake negotiated. */
export function connectionStateOf(
  socket: TLSSocket,
  certificate: X509Certificate | undefined,
): TlsConnectionState {
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

/** The runtime may not expose the cipher. */
function cipherOf(socket: TLSSocket): string | undefined {
  const cipher: { readonly name?: string } | undefined = socket.getCipher();
  return cipher?.name;
}
