import type { SecureContext, TLSSocket } from "node:tls";
import { type Duplex, parseIp } from "../base/mod.ts";
import { Authorities, othersOf } from "./_authorities.ts";
import { loadRevocations } from "./_load_revocations.ts";
import type { Revocations } from "./_revocations.ts";
import { certificateNames } from "./_certificate_names.ts";
import { loadCrypto, loadEngine, type TlsEngine, type TlsVersions, versionOptions } from "./_engine.ts";
import { type HandshakeResult, shakeHands } from "./_handshake.ts";
import { pairOf } from "./_pem.ts";
import { requireUsable } from "./_require_usable.ts";
import { refusalOf, unknownIssuer } from "./_verdict.ts";
import { unlockKey } from "./_unlock.ts";
import { checkAuthorities, checkCertificate } from "./certificate.ts";
import type { TlsConn } from "./conn.ts";
import { TlsError } from "./error.ts";
import { certificateFacts, negotiated, type TlsInspection } from "./inspection.ts";

/** How targets are spoken to. */
export interface TargetTlsOptions extends TlsVersions {
  /** PEM: the only CAs that are trusted. Default: those that the runtime brings. */
  readonly ca?: string;
  /** PEM: lists of the certificates that the CAs of `ca` have revoked. Default: none is looked for. */
  readonly crl?: string;
  /** PEM: our certificate, then those that lead to its CA. Default: none is shown. */
  readonly cert?: string;
  /** PEM, of {@link TargetTlsOptions.cert}. */
  readonly key?: string;
  /** Of an encrypted {@link TargetTlsOptions.key}. */
  readonly passphrase?: string | undefined;
  /** Whether a target must prove by its certificate that it is the one. Default true. */
  readonly verify?: boolean;
  /** Application protocols that are offered, the most wanted first. Default none. */
  readonly alpn?: readonly string[];
}

/** What {@link TargetTls.connect} is told of one connection. */
export interface TlsConnectOptions {
  /** The name, or the address, that the target's certificate must be for; a name is sent as SNI. */
  readonly serverName: string;
  /** At most 10 minutes, also when this is `Infinity`. */
  readonly timeoutMs: number;
  /** Gives the handshake up. */
  readonly signal: AbortSignal;
}

/** A target with which TLS is spoken. */
export interface TlsConnected {
  readonly conn: TlsConn;
  /** The application protocol that was agreed on. */
  readonly alpn: string | undefined;
}

interface Loaded {
  readonly context: SecureContext;
  readonly authorities: Authorities | undefined;
  readonly revocations: Revocations | undefined;
  readonly options: TargetTlsOptions;
}

/** Originates TLS 1.2 and 1.3 on connections that were dialed. Its certificates are read once. */
export class TargetTls {
  readonly #engine: TlsEngine;
  readonly #context: SecureContext;
  readonly #verify: boolean;
  readonly #alpn: readonly string[];
  readonly #authorities: Authorities | undefined;
  readonly #revocations: Revocations | undefined;

  /**
   * Reads the certificates.
   *
   * @throws {TlsError} `BAD_CERTIFICATE` when one of them cannot work, `UNSUPPORTED_RUNTIME`.
   */
  static async load(options: TargetTlsOptions): Promise<TargetTls> {
    const engine = await loadEngine("target");
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
      : pairOf({ cert, key: await unlockKey(key, passphrase) });
    const context = engine.tls.createSecureContext({ ca, ...own, ...versionOptions(options) });
    const authorities = ca === undefined ? undefined : new Authorities(ca, await loadCrypto());
    const revocations = await loadRevocations(options.crl, authorities, "target");
    return new TargetTls(engine, { context, authorities, revocations, options });
  }

  private constructor(engine: TlsEngine, { context, authorities, revocations, options }: Loaded) {
    this.#engine = engine;
    this.#context = context;
    this.#authorities = authorities;
    this.#revocations = revocations;
    this.#verify = options.verify ?? true;
    this.#alpn = options.alpn ?? [];
  }

  /**
   * Shakes hands with a target, after whatever was written to it before (a PROXY header). The connection that it
   * resolves with owns `raw`; when it rejects, `raw` is still its caller's, to be closed.
   *
   * A target that wants a certificate may refuse ours only after the handshake (TLS 1.3): then the first read says so.
   *
   * @throws {TlsError} when no connection came about; an abort's reason is that of the signal.
   */
  async connect(raw: Duplex, options: TlsConnectOptions): Promise<TlsConnected> {
    const { conn, socket } = await this.#shakeHands(raw, options, this.#verify);
    return { conn, alpn: socket.alpnProtocol || undefined };
  }

  /**
   * As {@link TargetTls.connect}, to look rather than to trust: a certificate that would be refused is reported, and the
   * connection is made all the same.
   *
   * @throws {TlsError} when no connection came about; an abort's reason is that of the signal.
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
      engine: this.#engine,
      timeoutMs: options.timeoutMs,
      signal: options.signal,
      begin: (stream, events) => {
        const isIp = parseIp(options.serverName) !== undefined;
        const client = this.#engine.tls.connect({
          socket: stream,
          secureContext: this.#context,
          // An address is no server name (RFC 6066 section 3).
          ...(isIp ? {} : { servername: options.serverName }),
          // Both are decided below, where it can be said why.
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
   * With a CA of ours the runtime compares names alone, no signature, where a certificate of the chain has version 1 or
   * anything that its parser does not like. So signatures are verified here once more.
   */
  #forged(socket: TLSSocket): TlsError | undefined {
    const certificate = socket.getPeerX509Certificate();
    if (this.#authorities === undefined || certificate === undefined) return undefined;
    const nowMs = Date.now();
    return this.#authorities.haveIssued(certificate, socket, nowMs)
      ? this.#revocations?.refusal(certificate, othersOf(socket), { side: "target", nowMs })
      : unknownIssuer(certificate, "target");
  }

  #refusal(socket: TLSSocket, serverName: string): TlsError | undefined {
    const refusal = refusalOf(socket, "target") ?? this.#forged(socket);
    if (refusal !== undefined) return refusal;
    const cause = this.#engine.tls.checkServerIdentity(serverName, socket.getPeerCertificate());
    if (cause === undefined) return undefined;
    const certificate = socket.getPeerX509Certificate();
    const { dns, ip } = certificate === undefined ? { dns: [], ip: [] } : certificateNames(certificate);
    const names = [...dns, ...ip].map((name) => `"${name}"`).join(", ") || "no name";
    return new TlsError(`its certificate is for ${names}, one for "${serverName}" was wanted`, {
      code: "CERTIFICATE_WRONG_NAME",
      side: "target",
      cause,
    });
  }
}
