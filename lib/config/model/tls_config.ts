/** A version of TLS. */
export type TlsVersion = "1.2" | "1.3";

/** How TLS of clients is ended. */
export interface TlsConfig {
  /** At least one; the first is for clients that name no server, or one that no certificate has. */
  readonly certificates: readonly CertificateConfig[];
  /** The file of the authorities whose certificates clients must show; `undefined` when they need none. */
  readonly clientCa: string | undefined;
  /** The file of what they have revoked. */
  readonly clientCrl: string | undefined;
  /** Whether a client may show no certificate; without meaning where there is no `clientCa`. */
  readonly clientAuth: "required" | "optional";
  /** The oldest version that is spoken, and the newest. */
  readonly minVersion: TlsVersion;
  readonly maxVersion: TlsVersion;
  /** The protocols that are offered, the preferred first; empty for no such negotiation. */
  readonly alpn: readonly string[];
  /** The limit of one handshake. */
  readonly handshakeTimeoutMs: number;
}

/** The files of a certificate chain and of its private key, in PEM. */
export interface CertificateConfig {
  readonly cert: string;
  readonly key: string;
  /** The file of the key's passphrase; `undefined` for a key that is not encrypted. */
  readonly keyPassphraseFile?: string | undefined;
}

/** How TLS to targets is begun. */
export interface TargetTlsConfig {
  /** The file of the authorities that are trusted; `undefined` for those of the runtime. */
  readonly ca: string | undefined;
  /** The file of what they have revoked. */
  readonly crl: string | undefined;
  /** The name that is asked for and verified; `undefined` for the target's host. */
  readonly serverName: string | undefined;
  /** Whether the name that the client asked for goes before both. */
  readonly passServerName: boolean;
  /** The protocols that are offered, the preferred first; empty for no such negotiation. */
  readonly alpn: readonly string[];
  /** The oldest version that is spoken, and the newest. */
  readonly minVersion: TlsVersion;
  readonly maxVersion: TlsVersion;
  /** The file of our own certificate; there if and only if `key` is. */
  readonly cert: string | undefined;
  /** The file of its private key. */
  readonly key: string | undefined;
  /** The file of the key's passphrase; `undefined` for a key that is not encrypted. */
  readonly keyPassphraseFile?: string | undefined;
  /** Whether the target's certificate is verified. */
  readonly verify: boolean;
}
