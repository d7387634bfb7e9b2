import type { Duplex } from "../base/mod.ts";
import { loadRevocations } from "./trust/load_revocations.ts";
import { Authorities } from "./trust/authorities.ts";
import { certificateNames, subjectLine } from "./certificates/certificate_names.ts";
import { ClientTrust } from "./trust/client_trust.ts";
import { loadCrypto, loadRuntimeTls, type RuntimeTls, type TlsVersions } from "./_runtime_tls.ts";
import { shakeHands } from "./handshake/handshake.ts";
import { requireUsable } from "./certificates/require_usable.ts";
import { ServerPool } from "./_server_pool.ts";
import { ServerNames, type ServerNamesEntry } from "./_server_names.ts";
import { pairOf } from "./certificates/pem.ts";
import { decryptKey } from "./certificates/encrypted_key.ts";
import { checkAuthorities, checkCertificate } from "./certificates/certificate.ts";
import { connectionStateOf, type TlsConnectionState } from "./connection_state.ts";
import type { TlsConn } from "./handshake/conn.ts";
import { TlsError } from "./error.ts";

/** A certificate with its key. */
export interface TlsCertificate {
  /** PEM: the certificate, then its chain. */
  readonly cert: string;
  /** PEM; may be the same text as the certificate. */
  readonly key: string;
  /** The passphrase of an encrypted key. */
  readonly passphrase?: string | undefined;
  /** Its name in messages, usually the file. */
  readonly origin: string;
}

/** Options for TLS with clients. */
export interface TlsTerminatorOptions extends TlsVersions {
  /** At least one. The client's server name chooses by their names; the first is the default. */
  readonly certificates: readonly TlsCertificate[];
  /** PEM: CAs whose certificates clients must present. Default: none is requested. */
  readonly clientCa?: string;
  /** PEM: revocation lists of the CAs in `clientCa`. Default: no check for revocation. */
  readonly clientCrl?: string;
  /** Whether a client may present no certificate. Default `required`. */
  readonly clientAuth?: "required" | "optional";
  /** Application protocols in order of preference; a client that offers only others is refused. Default: none. */
  readonly alpn?: readonly string[];
  /** From the first byte; capped at 10 minutes, even when `Infinity`. */
  readonly handshakeTimeoutMs: number;
}

/** Options of {@link TlsTerminator.accept}. */
export interface TlsAcceptOptions {
  /** Bytes read from the client before, such as behind a PROXY header or to route it. Default none. */
  readonly lead?: Uint8Array;
  /** Aborts the handshake. */
  readonly signal: AbortSignal;
  /** Called with the client's server name, however the handshake ends. */
  readonly onHello?: (serverName: string | undefined) => void;
}

/** An established TLS connection from a client. */
export interface TlsAccepted {
  readonly conn: TlsConn;
  /** The client's server name, in lower case. */
  readonly sni: string | undefined;
  /** The negotiated application protocol. */
  readonly alpn: string | undefined;
  /** The subject of the verified client certificate, such as `CN=client, O=Example`. */
  readonly clientSubject: string | undefined;
  /** The negotiated parameters, looked up on demand. */
  connectionState(): TlsConnectionState;
}

interface Settings {
  readonly servers: ServerNames<ServerPool>;
  /** The trust in client certificates; `undefined` when none is requested. */
  readonly clients: ClientTrust | undefined;
  readonly handshakeTimeoutMs: number;
}

/** Terminates TLS 1.2 and 1.3 on accepted connections. */
export class TlsTerminator {
  readonly #runtime: RuntimeTls;
  #settings: Settings;

  /**
   * Loads the certificates.
   *
   * @throws {TlsError} `BAD_CERTIFICATE` when one cannot be used, `UNSUPPORTED_RUNTIME`.
   */
  static async load(options: TlsTerminatorOptions): Promise<TlsTerminator> {
    const runtime = await loadRuntimeTls("client");
    return new TlsTerminator(runtime, await compile(options, { runtime }));
  }

  private constructor(runtime: RuntimeTls, settings: Settings) {
    this.#runtime = runtime;
    this.#settings = settings;
  }

  /**
   * Loads other options. They take effect when the returned function is called, for handshakes whose ClientHello has
   * not been read. Later handshakes and connections are left alone.
   *
   * @throws {TlsError} as {@link TlsTerminator.load}.
   */
  async prepare(options: TlsTerminatorOptions): Promise<() => void> {
    const settings = await compile(options, { runtime: this.#runtime, before: this.#settings });
    return () => {
      this.#settings = settings;
    };
  }

  /**
   * Loads other options and applies them at once. On failure the old ones stay.
   *
   * @throws {TlsError} as {@link TlsTerminator.load}.
   */
  async reload(options: TlsTerminatorOptions): Promise<void> {
    (await this.prepare(options))();
  }

  /**
   * Performs the handshake with a client. On success the returned connection owns `raw`; on failure the caller must
   * close it.
   *
   * @throws {TlsError} when the handshake fails; an abort rejects with the signal's reason.
   */
  async accept(raw: Duplex, options: TlsAcceptOptions): Promise<TlsAccepted> {
    // Until the ClientHello has been read, a reload applies to this handshake too.
    let settings = this.#settings;
    const { conn, socket, serverName } = await shakeHands(raw, {
      side: "client",
      runtime: this.#runtime,
      timeoutMs: settings.handshakeTimeoutMs,
      signal: options.signal,
      lead: options.lead,
      onHello: options.onHello,
      begin: (stream, events, name) => {
        settings = this.#settings;
        settings.servers.choose(name ?? "").serve(stream, events);
      },
    });
    const certificate = settings.clients === undefined ? undefined : socket.getPeerX509Certificate();
    return {
      conn,
      sni: serverName,
      alpn: socket.alpnProtocol || undefined,
      clientSubject: certificate === undefined ? undefined : subjectLine(certificate),
      connectionState: () => connectionStateOf(socket, certificate),
    };
  }
}

interface CompileOptions {
  readonly runtime: RuntimeTls;
  /** The settings to be replaced. */
  readonly before?: Settings;
}

async function compile(
  options: TlsTerminatorOptions,
  { runtime, before }: CompileOptions,
): Promise<Settings> {
  const { X509Certificate } = await loadCrypto();
  const entries: ServerNamesEntry<ServerPool>[] = [];
  const clients = await trust(options, before?.clients);
  for (const { origin, ...texts } of options.certificates) {
    const { passphrase } = texts;
    requireUsable(await checkCertificate(texts.cert, texts.key, { passphrase }), `"${origin}"`, "client");
    const { cert, key } = pairOf({ cert: texts.cert, key: await decryptKey(texts.key, passphrase) });
    const { dns, ip } = certificateNames(new X509Certificate(cert));
    const value = new ServerPool(runtime, {
      cert,
      key,
      clients,
      alpn: options.alpn ?? [],
      minVersion: options.minVersion,
      maxVersion: options.maxVersion,
    });
    entries.push({ names: [...dns, ...ip], value });
  }
  const [first, ...others] = entries;
  if (first === undefined) {
    throw new TlsError("no certificate; expected at least one", {
      code: "BAD_CERTIFICATE",
      side: "client",
    });
  }
  return {
    servers: new ServerNames([first, ...others]),
    clients,
    handshakeTimeoutMs: options.handshakeTimeoutMs,
  };
}

/** Loads a client CA. With an unchanged file, its verified certificates stay known. */
async function trust(
  { clientCa: pem, clientAuth = "required", clientCrl }: TlsTerminatorOptions,
  before: ClientTrust | undefined,
): Promise<ClientTrust | undefined> {
  if (pem === undefined) return undefined;
  requireUsable(await checkAuthorities(pem), "the client CA", "client");
  const authorities = pem === before?.authorities.pem
    ? before.authorities
    : new Authorities(pem, await loadCrypto());
  return new ClientTrust(authorities, {
    isRequired: clientAuth === "required",
    revocations: await loadRevocations(clientCrl, authorities, "client"),
  });
}
