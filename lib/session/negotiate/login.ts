import type { Candidate } from "../../pool/mod.ts";
import { PrefixedConnection } from "./prefixed.ts";
import type { SessionSockets } from "../_sockets.ts";
import type { Login } from "../app.ts";
import type { Refusal } from "../inspect/refusal.ts";

/** A session between dial and relay. */
export interface LoginSession {
  readonly sockets: SessionSockets;
  readonly prefetched: Uint8Array | undefined;
  readonly target: Candidate;
  readonly signal: AbortSignal;
  /** The target's bytes read so far. */
  readonly greeting: Uint8Array | undefined;
  /** Takes the server name that the client asks for. */
  onHello(sni: string | undefined): void;
}

/** Carries the login of a session; returns why it goes no further, or `undefined`. */
export async function logIn(login: Login, session: LoginSession): Promise<Refusal | undefined> {
  const { sockets, prefetched, target, signal, onHello, greeting = new Uint8Array() } = session;
  if (sockets.target === undefined) return undefined;
  const client = sockets.client;
  return await login({
    client: prefetched === undefined ? client : new PrefixedConnection(client, { lead: prefetched }),
    target: sockets.target,
    candidate: target,
    signal,
    replace: (side, conn) => {
      if (side === "client") sockets.replaceClient(conn);
      else sockets.takeTarget(conn);
    },
    onHello,
  }, greeting);
}
