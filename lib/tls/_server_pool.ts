import type { Duplex } from "node:stream";
import type { Server } from "node:tls";
import type { ClientTrust } from "./_client_trust.ts";
import { type TlsEngine, type TlsVersions, versionOptions } from "./_engine.ts";
import type { HandshakeEvents } from "./_handshake.ts";

/** What the handshakes of one certificate have in common. */
export interface ServerPoolOptions extends TlsVersions {
  readonly cert: string;
  readonly key: string;
  /** Whose certificates clients must show; `undefined` when none is asked for. */
  readonly clients: ClientTrust | undefined;
  readonly alpn: readonly string[];
}

/** More than this many are not kept: handshakes that go on at once are few. */
const MAX_IDLE = 32;

/**
 * Servers of the runtime's TLS that never listen, for one certificate.
 *
 * Only a server says publicly whether a client's certificate was verified, and it does not say which stream it speaks
 * of: so each has one handshake at a time. Reading certificate and key, 0.4 ms of the 1.5 that a handshake takes, is
 * what the pool saves.
 *
 * The runtime's own choice by server name is not used: what it holds for a client that never gets past its hello is
 * never freed.
 */
export class ServerPool {
  readonly #engine: TlsEngine;
  readonly #options: ServerPoolOptions;
  readonly #idle: OneAtATime[] = [];

  constructor(engine: TlsEngine, options: ServerPoolOptions) {
    this.#engine = engine;
    this.#options = options;
  }

  /** One handshake on a stream. */
  serve(stream: Duplex, events: HandshakeEvents): void {
    const server = this.#idle.pop() ?? new OneAtATime(this.#create(), this.#options, this.#reuse);
    server.serve(stream, events);
  }

  readonly #reuse = (server: OneAtATime): void => {
    if (this.#idle.length < MAX_IDLE) this.#idle.push(server);
  };

  #create(): Server {
    const { cert, key, clients, alpn } = this.#options;
    const server = new this.#engine.tls.Server({
      cert,
      key,
      ca: clients?.authorities.pem,
      ...versionOptions(this.#options),
      requestCert: clients !== undefined,
      // Refused by us, where it can be said why.
      rejectUnauthorized: false,
      // None of the runtime's, which it does not stop when a handshake fails. Ours counts.
      handshakeTimeout: -1,
      ...(alpn.length > 0 ? { ALPNProtocols: [...alpn] } : {}),
    });
    if (clients?.isRequired !== true) return server;
    // So the runtime refuses a client without a certificate itself, with the alert that only it can send, and leaves the
    // certificate of another to us. Where it should ever make something else of it, we refuse both.
    Object.assign(server, { rejectUnauthorized: undefined });
    return server;
  }
}

/**
 * A server with one handshake. It is used again only after one that succeeded, because then the runtime has let go of the
 * connection; what a failed one may still have to say must not be heard by the next.
 */
class OneAtATime {
  readonly #server: Server;
  #events: HandshakeEvents | undefined;

  constructor(server: Server, options: ServerPoolOptions, reuse: (server: OneAtATime) => void) {
    this.#server = server;
    server.on("tlsClientError", (error) => this.#events?.refused(error));
    server.on("secureConnection", (socket) => {
      const events = this.#events;
      this.#events = undefined;
      reuse(this);
      let refusal: unknown;
      try {
        refusal = options.clients?.refusal(socket);
      } catch (error) {
        // Thrown in an event it would be nobody's, and the handshake would last to its limit.
        refusal = error;
      }
      if (refusal === undefined && events !== undefined) return events.done(socket);
      events?.rejected(refusal, socket);
      socket.destroy();
    });
  }

  serve(stream: Duplex, events: HandshakeEvents): void {
    this.#events = events;
    this.#server.emit("connection", stream);
  }
}
