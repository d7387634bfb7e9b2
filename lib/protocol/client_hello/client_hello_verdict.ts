/** A version of TLS that a client offers. */
export type TlsVersion = "SSLv3" | "TLSv1.0" | "TLSv1.1" | "TLSv1.2" | "TLSv1.3";

/** The parts of a ClientHello that a proxy can use. With encrypted hellos (ECH) these are the outer values. */
export interface ClientHello {
  /**
   * The requested host name, in lower case and without trailing dot; `undefined` for none. An IP address, which RFC
   * 6066 forbids and some clients send, counts as none.
   */
  readonly sni: string | undefined;
  /** The offered application protocols in the client's order, one character per byte; empty for none. */
  readonly alpn: readonly string[];
  /** The highest offered version; `undefined` if none is known here. */
  readonly tlsVersion: TlsVersion | undefined;
}

/** The verdict on the first bytes of a connection, so far. */
export type ClientHelloVerdict =
  /** Possibly the beginning of a ClientHello. */
  | { readonly kind: "need_more" }
  /** A whole ClientHello. */
  | ({ readonly kind: "hello" } & ClientHello)
  /** Another protocol. */
  | { readonly kind: "not_tls" }
  /** TLS, but not a valid ClientHello; `problem` says why. */
  | { readonly kind: "bad"; readonly problem: string }
  /** A ClientHello beyond the limit. */
  | { readonly kind: "too_long" };
