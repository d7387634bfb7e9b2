/** Whom the TLS connection is with. */
export type TlsSide = "client" | "target";

/**
 * What went wrong, for decisions; the message is for people.
 *
 * - `HANDSHAKE_TIMEOUT`, `HUNG_UP`: the peer was too slow, or left before the handshake was done.
 * - `PLAIN_HTTP`, `NOT_TLS`: the peer's first bytes are no TLS.
 * - `NO_SHARED_PROTOCOL`: no TLS version, cipher or ALPN protocol in common.
 * - `CERTIFICATE_…`: the peer's certificate is not one that is accepted.
 * - `PEER_ALERT`: the peer refused, with an alert.
 * - `BROKEN`: bytes that no TLS peer sends.
 * - `BAD_CERTIFICATE`: a certificate, key or CA of our own cannot be used.
 * - `UNSUPPORTED_RUNTIME`: this runtime cannot do TLS on a connection that is open already.
 */
export type TlsErrorCode =
  | "HANDSHAKE_TIMEOUT"
  | "HUNG_UP"
  | "PLAIN_HTTP"
  | "NOT_TLS"
  | "NO_SHARED_PROTOCOL"
  | "CERTIFICATE_MISSING"
  | "CERTIFICATE_UNKNOWN"
  | "CERTIFICATE_SELF_SIGNED"
  | "CERTIFICATE_EXPIRED"
  | "CERTIFICATE_NOT_YET_VALID"
  | "CERTIFICATE_WRONG_NAME"
  | "CERTIFICATE_INVALID"
  | "CERTIFICATE_UNSUPPORTED"
  | "CERTIFICATE_REVOKED"
  | "CERTIFICATE_REVOCATION_UNKNOWN"
  | "PEER_ALERT"
  | "BROKEN"
  | "BAD_CERTIFICATE"
  | "UNSUPPORTED_RUNTIME";

/** What a {@link TlsError} is made of. */
export interface TlsErrorOptions {
  readonly code: TlsErrorCode;
  readonly side: TlsSide;
  /** What the runtime said, where there was something. */
  readonly cause?: unknown;
  /** Whether the peer left without having sent a byte, as a check of the port does. Default false. */
  readonly isSilent?: boolean;
}

/** A TLS connection that failed, or settings that cannot work. */
export class TlsError extends Error {
  override readonly name = "TlsError";
  readonly code: TlsErrorCode;
  readonly side: TlsSide;
  /** Whether the peer left without having sent a byte. */
  readonly isSilent: boolean;

  /** @param what what is and what was wanted; whom it is about is put before it. */
  constructor(what: string, options: TlsErrorOptions) {
    super(`TLS with the ${options.side}: ${what}`, { cause: options.cause });
    this.code = options.code;
    this.side = options.side;
    this.isSilent = options.isSilent ?? false;
  }
}
