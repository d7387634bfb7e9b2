import { connectTo } from "../clients.ts";

/** What a TLS client of a port says. */
export interface TlsClientOptions {
  /** The server name, by which the certificate is verified. Default `localhost`. */
  readonly name?: string;
  /** PEM of the CA that is trusted. */
  readonly ca: string;
  readonly alpn?: readonly string[];
  /** What is sent before the handshake, a PROXY header for instance. */
  readonly before?: Uint8Array;
}

/** A connection after its handshake; the caller owns it. */
export interface TlsClient {
  readonly conn: Deno.TlsConn;
  readonly alpn: string | null;
}

/** Connects to a port of this machine with the runtime's own TLS, which is not the one that is tested. */
export async function connectTls(port: number, options: TlsClientOptions): Promise<TlsClient> {
  const raw = await connectTo(port);
  if (options.before !== undefined) await raw.write(options.before);
  const conn = await Deno.startTls(raw, {
    hostname: options.name ?? "localhost",
    caCerts: [options.ca],
    alpnProtocols: [...(options.alpn ?? [])],
  });
  try {
    const { alpnProtocol } = await conn.handshake();
    return { conn, alpn: alpnProtocol };
  } catch (error) {
    conn.close();
    throw error;
  }
}
