import type { SecureContext, TLSSocket } from "node:tls";
import { type Duplex, parseIp } from "../base/mod.ts";
import { Authorities, othersOf } from "./trust/authorities.ts";
import { loadRevocations } from "./trust/load_revocations.ts";
import type { Revocations } from "./trust/revocations.ts";
import { certificateNames } from "./certificates/certificate_names.ts";
import {
  loadCrypto,
  loadRuntimeTls,
  type RuntimeTls,
  type TlsVersions,
  versionOptions,
} from "./_runtime_tls.ts";
import { type HandshakeResult, shakeHands } from "./handshake/handshake.ts";
import { pairOf } from "./certificates/pem.ts";
import { requireUsable } from "./certificates/require_usable.ts";
import { refusalOf, unknownIssuer } from "./trust/certificate_refusal.ts";
import { decryptKey } from "./certificates/encrypted_key.ts";
import { checkAuthorities, checkCertificate } from "./certificates/certificate.ts";
import type { TlsConn } from "./handshake/conn.ts";
import { TlsError } from "./error.ts";
import { certificateFacts, negotiated, type TlsInspection } from "./inspection.ts";

/** Options for TLS with targets. */
export interface TargetTlsOptions extends TlsVersions {
  /** PEM: the only trusted CAs. Default: those built into the runtime. */
  readonly ca?: string;
  /** PEM: revocation lists of the CAs in `ca`. Default: no check for revocation. */
  readonly crl?: string;
  /** PEM: the client certificate, then its chain. Default: none is presented. */
  readonly cert?: string;
  /** PEM: the key of {@link TargetTlsOptions.cert}. */
  readonly key?: string;
  /** The passphrase of an encrypted {@link TargetTlsOptions.key}. */
  readonly passphrase?: string | undefined;
  /** Whether to verify the target's certificate. Default true. */
  readonly verify?: boolean;
  /** Application protocols to offer, in order of preference. Default none. */
  readonly alpn?: readonly string[];
}

/** Options of {@link TargetTls.connect}. */
export interface TlsConnectOptions {
  /** The name or address that the target's certificate must be for; a name is sent as SNI. */
  readonly serverName: string;
  /** At most 10 minutes, also when this is `Infinity`. */
  readonly timeoutMs: number;
  /** Aborts the handshake. */
  readonly signal: AbortSignal;
}

/** An established TLS connection to a target. */
export interface TlsConnected {
  readonly conn: TlsConn;
  /** The negotiated application protocol. */
  readonly alpn: string | undefined;
}

interface Loaded {
  readonly context: SecureContext;
  readonly authorities: Authorities | undefined;
  readonly revocations: Revocations | undefined;
  readonly options: TargetTlsOptions;
}

/** Originates TLS 1.2 and 1.3 over dialed connections. Loads its certificates once. */
export class TargetTls {
  readonly #runtime: RuntimeTls;
  readonly #context: SecureContext;
  readonly #verify: boolean;
  readonly #alpn: readonly string[];
  readonly #authorities: Authorities | undefined;
  readonly #revocations: Revocations | undefined;

  /**
   * Loads the certificates.
   *
   * @throws {TlsError} `BAD_CERTIFICATE` when one cannot be used, `UNSUPPORTED_RUNTIME`.
   */
  static async load(options: TargetTlsOptions): Promise<TargetTls> {
    const runtime = await loadRuntimeTls("target");
    const { ca, cert, key, passphrase } = options;
    if (ca !== undefined) requireUsable(await checkAuthorities(ca), "the CA", "target");
    if (cert !== undefined || key !== undefined) {
      requireUsable(
        await checkCertificate(cert ?? "", key ?? "", { passphrase }),
        "the client certificate",
        "target",
      );
    }
    const own = cert === undefined || key === undefined
      ? {}
      : pairOf({ cert, key: await decryptKey(key, passphrase) });
    const context = runtime.tls.createSecureContext({ ca, ...own, ...versionOptions(options) });
    const authorities = ca === undefined ? undefined : new Authorities(ca, await loadCrypto());
    const revocations = await loadRevocations(options.crl, authorities, "target");
    return new TargetTls(runtime, { context, authorities, revocations, options });
  }

  private constructor(runtime: RuntimeTls, { context, authorities, revocations, options }: Loaded) {
    this.#runtime = runtime;
    this.#context = context;
    this.#authorities = authorities;
    this.#revocations = revocations;
    this.#verify = options.verify ?? true;
    this.#alpn = options.alpn ?? [];
  }

  /**
   * Performs the handshake with a target, after any bytes written before it (a PROXY header). On success the returned
   * connection owns `raw`; on failure the caller must close it.
   *
   * A target that requires a client certificate may reject ours only after the handshake (TLS 1.3); the first read
   * then fails.
   *
   * @throws {TlsError} when the handshake fails; an abort rejects with the signal's reason.
   */
  async connect(raw: Duplex, options: TlsConnectOptions): Promise<TlsConnected> {
    const { conn, socket } = await this.#shakeHands(raw, options, this.#verify);
    return { conn, alpn: socket.alpnProtocol || undefined };
  }

  /**
   * Like {@link TargetTls.connect}, for inspection: a certificate that would be refused is reported, and the
   * connection is established all the same.
   *
   * @throws {TlsError} when the handshake fails; an abort rejects with the signal's reason.
   */
  async inspect(raw: Duplex, options: TlsConnectOptions): Promise<TlsInspection> {
    const { conn, socket } = await this.#shakeHands(raw, options, false);
    const certificate = socket.getPeerX509Certificate();
    return {
      conn,
      ...negotiated(socket),
      alpn: socket.alpnProtocol || undefined,
      certificate: certificate === undefined ? undefined : certificateFacts(certificate),
      refusal: this.#refusal(socket, options.serverName)?.message,
    };
  }

  #shakeHands(raw: Duplex, options: TlsConnectOptions, verify: boolean): Promise<HandshakeResult> {
    return shakeHands(raw, {
      side: "target",
      runtime: this.#runtime,
      timeoutMs: options.timeoutMs,
      signal: options.signal,
      begin: (stream, events) => {
        const isIp = parseIp(options.serverName) !== undefined;
        const client = this.#runtime.tls.connect({
          socket: stream,
          secureContext: this.#context,
          // An IP address is not a server name (RFC 6066 section 3).
          ...(isIp ? {} : { servername: options.serverName }),
          // Both are checked below, where the reason is known.
          rejectUnauthorized: false,
          checkServerIdentity: () => undefined,
          ...(this.#alpn.length > 0 ? { ALPNProtocols: [...this.#alpn] } : {}),
        });
        client.on("error", (error) => events.refused(error));
        client.on("secureConnect", () => {
          const refusal = verify ? this.#refusal(client, options.serverName) : undefined;
          if (refusal === undefined) return events.done(client);
          events.rejected(refusal, client);
          client.destroy();
        });
      },
    });
  }

  /**
   * With custom CAs the runtime compares only issuer names, not signatures, when a certificate of the chain has
   * version 1 or cannot be parsed. So signatures are verified again here.
   */
  #untrusted(socket: TLSSocket): TlsError | undefined {
    const certificate = socket.getPeerX509Certificate();
    if (this.#authorities === undefined || certificate === undefined) return undefined;
    const nowMs = Date.now();
    return this.#authorities.haveIssued(certificate, socket, nowMs)
      ? this.#revocations?.refusal(certificate, othersOf(socket), { side: "target", nowMs })
      : unknownIssuer(certificate, "target");
  }

  #refusal(socket: TLSSocket, serverName: string): TlsError | undefined {
    const refusal = refusalOf(socket, "target") ?? this.#untrusted(socket);
    if (refusal !== undefined) return refusal;
    const cause = this.#runtime.tls.checkServerIdentity(serverName, socket.getPeerCertificate());
    if (cause === undefined) return undefined;
    const certificate = socket.getPeerX509Certificate();
    const { dns, ip } = certificate === undefined ? { dns: [], ip: [] } : certificateNames(certificate);
    const names = [...dns, ...ip].map((name) => `"${name}"`).join(", ") || "no name";
    return new TlsError(`the certificate is for ${names}; expected one for "${serverName}"`, {
      code: "CERTIFICATE_WRONG_NAME",
      side: "target",
      cause,
    });
  }
}
