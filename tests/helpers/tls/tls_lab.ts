import type { Duplex } from "../../../lib/base/mod.ts";
import {
  TargetTls,
  type TargetTlsOptions,
  type TlsAccepted,
  type TlsConn,
  type TlsConnectOptions,
  TlsError,
  TlsTerminator,
  type TlsTerminatorOptions,
} from "../../../lib/tls/mod.ts";
import { CertificateFolder, type TestCertificate } from "./certificates.ts";
import { tcpPair } from "./tls.ts";

/** Certificates of every kind, and TLS with them. */
export class TlsLab implements Disposable {
  readonly folder = new CertificateFolder();
  readonly ca: TestCertificate = this.folder.make("ca", { isCa: true });
  /** For `localhost` and `127.0.0.1`. */
  readonly local: TestCertificate = this.folder.make("local", {
    altNames: "DNS:localhost,IP:127.0.0.1",
    issuer: this.ca,
  });

  [Symbol.dispose](): void {
    this.folder[Symbol.dispose]();
  }

  /** A terminator with {@link TlsLab.local}, but for what is given. */
  terminator(options: Partial<TlsTerminatorOptions> = {}): Promise<TlsTerminator> {
    return TlsTerminator.load({
      certificates: [{ ...this.local, origin: "local.pem" }],
      handshakeTimeoutMs: 10_000,
      ...options,
    });
  }

  /** Trusts {@link TlsLab.ca}, but for what is given. */
  targetTls(options: TargetTlsOptions = {}): Promise<TargetTls> {
    return TargetTls.load({ ca: this.ca.cert, ...options });
  }
}

/** A signal that never comes. */
export function noSignal(): AbortSignal {
  return new AbortController().signal;
}

/** How a test connects to the lab's own certificate. */
export function localhost(options: Partial<TlsConnectOptions> = {}): TlsConnectOptions {
  return { serverName: "localhost", timeoutMs: 10_000, signal: noSignal(), ...options };
}

/** Two ends that speak TLS with each other. */
export interface TlsPair extends Disposable {
  readonly client: TlsConn;
  readonly server: TlsConn;
}

/** TLS over a TCP connection to itself, both ends ours. */
export async function tlsPair(lab: TlsLab): Promise<TlsPair> {
  const raw = await tcpPair();
  const [client, server] = await tlsOver(lab, raw.client, raw.server);
  return {
    client,
    server,
    [Symbol.dispose](): void {
      client.close();
      server.close();
    },
  };
}

/** Shakes hands over two raw connections, one of which a test has in its hands. */
export async function tlsOver(
  lab: TlsLab,
  client: Duplex,
  server: Duplex,
): Promise<[client: TlsConn, server: TlsConn]> {
  const [terminator, targetTls] = await Promise.all([lab.terminator(), lab.targetTls()]);
  const [accepted, connected] = await Promise.all([
    terminator.accept(server, { signal: noSignal() }),
    targetTls.connect(client, localhost()),
  ]);
  return [connected.conn, accepted.conn];
}

/** What became of one client: TLS, or why not. */
export type Arrival = TlsAccepted | TlsError;

/** Accepts one client, shakes hands, gives the outcome to `use` while `visit` visits the port. */
export async function hostOne<T>(
  terminator: TlsTerminator,
  visit: (port: number) => Promise<T>,
  use: (conn: Duplex) => Promise<void> = () => Promise.resolve(),
): Promise<{ arrival: Arrival; visit: T }> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const host = async (): Promise<Arrival> => {
    const raw = await listener.accept();
    try {
      const accepted = await terminator.accept(raw, { signal: noSignal() });
      try {
        await use(accepted.conn);
      } finally {
        accepted.conn.close();
      }
      return accepted;
    } catch (error) {
      if (!(error instanceof TlsError)) throw error;
      raw.close();
      return error;
    }
  };
  const [arrival, visited] = await Promise.all([host(), visit(listener.addr.port)]);
  return { arrival, visit: visited };
}
