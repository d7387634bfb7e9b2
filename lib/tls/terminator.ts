import type { Duplex } from "../base/mod.ts";
import { loadRevocations } from "./_load_revocations.ts";
import { Authorities } from "./_authorities.ts";
import { certificateNames, subjectLine } from "./_certificate_names.ts";
import { ClientTrust } from "./_client_trust.ts";
import { loadCrypto, loadEngine, type TlsEngine, type TlsVersions } from "./_engine.ts";
import { shakeHands } from "./_handshake.ts";
import { requireUsable } from "./_require_usable.ts";
import { ServerPool } from "./_server_pool.ts";
import { ServerNames, type ServerNamesEntry } from "./_server_names.ts";
import { pairOf } from "./_pem.ts";
import { unlockKey } from "./_unlock.ts";
import { checkAuthorities, checkCertificate } from "./certificate.ts";
import { agreementOf, type TlsAgreement } from "./agreement.ts";
import type { TlsConn } from "./conn.ts";
import { TlsError } from "./error.ts";

/** A certificate with its key. */
export interface TlsCertificate {
  /** PEM: the certificate, then those that lead to its CA. */
  readonly cert: string;
  /** PEM; may be the same text as the certificate. */
  readonly key: string;
  /** Of an encrypted key. */
  readonly passphrase?: string | undefined;
  /** What messages call it, a file's name most likely. */
  readonly origin: string;
}

/** How a listener speaks TLS. */
export interface TlsTerminatorOptions extends TlsVersions {
  /** At least one. By the names in each the client's server name chooses; the first is for all others. */
  readonly certificates: readonly TlsCertificate[];
  /** PEM: clients must show a certificate that one of these CAs issued. Default: none is asked for. */
  readonly clientCa?: string;
  /** PEM: lists of the certificates that the CAs of `clientCa` have revoked. Default: none is looked for. */
  readonly clientCrl?: string;
  /** Whether a client may also show none. Default `required`. */
  readonly clientAuth?: "required" | "optional";
  /** Application protocols, the most wanted first; a client that offers others alone is refused. Default: none. */
  readonly alpn?: readonly string[];
  /** From the first byte; at most 10 minutes, also when this is `Infinity`. */
  readonly handshakeTimeoutMs: number;
}

/** What {@link TlsTerminator.accept} is told of one connection. */
export interface TlsAcceptOptions {
  /** Bytes that were read from the client before, after a PROXY header or to route it. Default none. */
  readonly lead?: Uint8Array;
  /** Gives the handshake up. */
  readonly signal: AbortSignal;
  /** Is told the name that the client asks for, however the handshake ends. */
  readonly onHello?: (serverName: string | undefined) => void;
}

/** A client with which TLS is spoken. */
export interface TlsAccepted {
  readonly conn: TlsConn;
  /** The name that the client asked for, without case. */
  readonly sni: string | undefined;
  /** The application protocol that was agreed on. */
  readonly alpn: string | undefined;
  /** Of a verified client certificate, `CN=client, O=Example`. */
  readonly clientSubject: string | undefined;
  /** What was agreed on, looked up when it is asked for. */
  agreement(): TlsAgreement;
}

interface Settings {
  readonly servers: ServerNames<ServerPool>;
  /** Whose certificates clients must show; `undefined` when none is asked for. */
  readonly clients: ClientTrust | undefined;
  readonly handshakeTimeoutMs: number;
}

/** Terminates TLS 1.2 and 1.3 on connections that were accepted. */
export class TlsTerminator {
  readonly #engine: TlsEngine;
  #settings: Settings;

  /**
   * Reads the certificates.
   *
   * @throws {TlsError} `BAD_CERTIFICATE` when one of them cannot work, `UNSUPPORTED_RUNTIME`.
   */
  static async load(options: TlsTerminatorOptions): Promise<TlsTerminator> {
    const engine = await loadEngine("client");
    return new TlsTerminator(engine, await compile(options, { engine }));
  }

  private constructor(engine: TlsEngine, settings: Settings) {
    this.#engine = engine;
    this.#settings = settings;
  }

  /**
   * Reads other options. Nothing changes until what this resolves with is called: from then on handshakes use them, whose
   * client has not said hello. Those under way end as they began, and connections are left alone.
   *
   * @throws {TlsError} as {@link TlsTerminator.load}.
   */
  async prepare(options: TlsTerminatorOptions): Promise<() => void> {
    const settings = await compile(options, { engine: this.#engine, before: this.#settings });
    return () => {
      this.#settings = settings;
    };
  }

  /**
   * Takes other options at once. When this throws the old ones stay.
   *
   * @throws {TlsError} as {@link TlsTerminator.load}.
   */
  async reload(options: TlsTerminatorOptions): Promise<void> {
    (await this.prepare(options))();
  }

  /**
   * Shakes hands with a client. The connection that it resolves with owns `raw`; when it rejects, `raw` is still its
   * caller's, to be closed.
   *
   * @throws {TlsError} when no connection came about; an abort's reason is that of the signal.
   */
  async accept(raw: Duplex, options: TlsAcceptOptions): Promise<TlsAccepted> {
    // Until the client has said what it wants, a reload is for this handshake too.
    let settings = this.#settings;
    const { conn, socket, serverName } = await shakeHands(raw, {
      side: "client",
      engine: this.#engine,
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
      agreement: () => agreementOf(socket, certificate),
    };
  }
}

interface CompileOptions {
  readonly engine: TlsEngine;
  /** The settings that these take the place of. */
  readonly before?: Settings;
}

async function compile(options: TlsTerminatorOptions, { engine, before }: CompileOptions): Promise<Settings> {
  const { X509Certificate } = await loadCrypto();
  const entries: ServerNamesEntry<ServerPool>[] = [];
  const clients = await trust(options, before?.clients);
  for (const { origin, ...texts } of options.certificates) {
    const { passphrase } = texts;
    requireUsable(await checkCertificate(texts.cert, texts.key, { passphrase }), `"${origin}"`, "client");
    const { cert, key } = pairOf({ cert: texts.cert, key: await unlockKey(texts.key, passphrase) });
    const { dns, ip } = certificateNames(new X509Certificate(cert));
    const value = new ServerPool(engine, {
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
    throw new TlsError("there is no certificate, at least one was wanted", {
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

/** Reads a client CA. Of the same file as before, what it has verified stays known. */
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
