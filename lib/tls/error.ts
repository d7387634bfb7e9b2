/** The peer of a TLS connection. */
export type TlsSide = "client" | "target";

/**
 * The kind of failure, for programs; the message is for people.
 *
 * - `HANDSHAKE_TIMEOUT`, `HUNG_UP`: the peer was too slow, or left during the handshake.
 * - `PLAIN_HTTP`, `NOT_TLS`: the peer's first bytes are not TLS.
 * - `NO_SHARED_PROTOCOL`: no TLS version, cipher or ALPN protocol in common.
 * - `CERTIFICATE_…`: the peer's certificate is not accepted.
 * - `PEER_ALERT`: the peer refused, with an alert.
 * - `BROKEN`: invalid TLS data.
 * - `BAD_CERTIFICATE`: one of our own certificates, keys or CAs cannot be used.
 * - `UNSUPPORTED_RUNTIME`: this runtime cannot do TLS over an open connection.
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

/** Options of a {@link TlsError}. */
export interface TlsErrorOptions {
  readonly code: TlsErrorCode;
  readonly side: TlsSide;
  /** The runtime's error, if there is one. */
  readonly cause?: unknown;
  /** Whether the peer left without sending a byte, as a port check does. Default false. */
  readonly isSilent?: boolean;
}

/** A failed TLS connection, or settings that cannot work. */
export class TlsError extends Error {
  override readonly name = "TlsError";
  readonly code: TlsErrorCode;
  readonly side: TlsSide;
  /** Whether the peer left without sending a byte. */
  readonly isSilent: boolean;

  /** @param what what went wrong; the peer is put before it. */
  constructor(what: string, options: TlsErrorOptions) {
    super(`TLS with the ${options.side}: ${what}`, { cause: options.cause });
    this.code = options.code;
    this.side = options.side;
    this.isSilent = options.isSilent ?? false;
  }
}
