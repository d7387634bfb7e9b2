import type { X509Certificate } from "node:crypto";
import type { TLSSocket } from "node:tls";
import { certificateNames, subjectLine } from "./certificates/certificate_names.ts";
import type { TlsConn } from "./handshake/conn.ts";

/** The result of {@link TargetTls.inspect}. */
export interface TlsInspection {
  readonly conn: TlsConn;
  /** `TLSv1.2` or `TLSv1.3`; `undefined` where the runtime does not expose it. */
  readonly protocol: string | undefined;
  /** The cipher suite; `undefined` where the runtime does not expose it. */
  readonly cipher: string | undefined;
  /** The negotiated application protocol. */
  readonly alpn: string | undefined;
  /** The target's own certificate. */
  readonly certificate: CertificateFacts | undefined;
  /** Why verification would refuse the target; `undefined` when it would not. */
  readonly refusal: string | undefined;
}

/** The facts of a certificate. */
export interface CertificateFacts {
  /** On one line, such as `CN=client, O=Example`. */
  readonly subject: string;
  /** In the same form as `subject`. */
  readonly issuer: string;
  /** The host names and addresses of the certificate. */
  readonly names: readonly string[];
  /** Milliseconds since 1970, as `validToMs`. */
  readonly validFromMs: number;
  readonly validToMs: number;
}

/** Returns the facts of a certificate. */
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

/** Returns protocol and cipher, as far as the runtime exposes them. */
export function negotiated(socket: TLSSocket): Pick<TlsInspection, "protocol" | "cipher"> {
  // Node's types promise both; other runtimes may have neither.
  const { getProtocol, getCipher } = socket as Partial<TLSSocket>;
  return {
    protocol: getProtocol?.call(socket) ?? undefined,
    cipher: getCipher?.call(socket)?.standardName ?? getCipher?.call(socket)?.name,
  };
}
