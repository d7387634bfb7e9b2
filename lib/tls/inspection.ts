import type { X509Certificate } from "node:crypto";
import type { TLSSocket } from "node:tls";
import { certificateNames, subjectLine } from "./_certificate_names.ts";
import type { TlsConn } from "./conn.ts";

/** What a handshake has shown of a target. */
export interface TlsInspection {
  readonly conn: TlsConn;
  /** `TLSv1.2` or `TLSv1.3`; `undefined` where the runtime does not tell. */
  readonly protocol: string | undefined;
  /** The cipher suite; `undefined` where the runtime does not tell. */
  readonly cipher: string | undefined;
  /** The application protocol that was agreed on. */
  readonly alpn: string | undefined;
  /** The target's own certificate. */
  readonly certificate: CertificateFacts | undefined;
  /** Why a connection that verifies would have been refused; `undefined` when it would not. */
  readonly refusal: string | undefined;
}

/** What a certificate says. */
export interface CertificateFacts {
  /** On one line, `CN=client, O=Example`. */
  readonly subject: string;
  /** Likewise. */
  readonly issuer: string;
  /** The host names and addresses that it is for. */
  readonly names: readonly string[];
  /** Milliseconds since 1970, as `validToMs`. */
  readonly validFromMs: number;
  readonly validToMs: number;
}

/** What the peer's certificate says. */
export function certificateFacts(certificate: X509Certificate): CertificateFacts {
  const { dns, ip } = certificateNames(certificate);
  return {
    subject: subjectLine(certificate),
    issuer: (certificate.issuer ?? "").split("\n").filter((part) => part !== "").join(", "),
    names: [...dns, ...ip],
    validFromMs: Date.parse(certificate.validFrom),
    validToMs: Date.parse(certificate.validTo),
  };
}

/** Protocol and cipher of a connection, as far as the runtime tells. */
export function negotiated(socket: TLSSocket): Pick<TlsInspection, "protocol" | "cipher"> {
  // The types of Node promise both; runtimes that only resemble it may have neither.
  const { getProtocol, getCipher } = socket as Partial<TLSSocket>;
  return {
    protocol: getProtocol?.call(socket) ?? undefined,
    cipher: getCipher?.call(socket)?.standardName ?? getCipher?.call(socket)?.name,
  };
}
