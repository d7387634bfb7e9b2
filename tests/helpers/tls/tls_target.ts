import type { Duplex } from "../../../lib/base/mod.ts";
import { TlsError, type TlsTerminator } from "../../../lib/tls/mod.ts";
import { echo, TestTarget } from "../targets.ts";

/** A target that speaks TLS. */
export interface TlsTarget {
  readonly target: TestTarget;
  /** What came before the handshake of each connection: a PROXY header where one is sent. */
  readonly headers: string[];
  /** The server names that were asked for. */
  readonly names: (string | undefined)[];
  /** The subjects of the certificates that it was shown, where it asks for one. */
  readonly clients: (string | undefined)[];
}

/** Starts a target that ends TLS with `terminator` and serves what is in it, by default an echo. */
export function tlsTarget(
  terminator: TlsTerminator,
  options: { serve?: (conn: Duplex) => Promise<void>; readsHeader?: boolean } = {},
): TlsTarget {
  const { serve = echo, readsHeader = false } = options;
  const headers: string[] = [];
  const names: (string | undefined)[] = [];
  const clients: (string | undefined)[] = [];
  const target = new TestTarget(async (raw, ended) => {
    const left = new AbortController();
    ended.then(() => left.abort());
    try {
      if (readsHeader) headers.push(await readLine(raw));
      const { conn, sni, clientSubject } = await terminator.accept(raw, { signal: left.signal });
      names.push(sni);
      clients.push(clientSubject);
      try {
        await serve(conn);
      } finally {
        conn.close();
      }
    } catch (error) {
      // A proxy that does not trust the certificate hangs up; a test may end in mid-handshake.
      if (!(error instanceof TlsError || left.signal.aborted)) throw error;
    }
  });
  return { target, headers, names, clients };
}

async function readLine(conn: Deno.Conn): Promise<string> {
  let line = "";
  const byte = new Uint8Array(1);
  while (!line.endsWith("\r\n") && await conn.read(byte) !== null) line += String.fromCharCode(byte[0] ?? 0);
  return line;
}
