import type { Duplex } from "node:stream";
import type { Server } from "node:tls";
import type { ClientTrust } from "./trust/client_trust.ts";
import { type RuntimeTls, type TlsVersions, versionOptions } from "./_runtime_tls.ts";
import type { HandshakeEvents } from "./handshake/handshake.ts";

/** Options shared by the handshakes of one certificate. */
export interface ServerPoolOptions extends TlsVersions {
  readonly cert: string;
  readonly key: string;
  /** The trust in client certificates; `undefined` when none is requested. */
  readonly clients: ClientTrust | undefined;
  readonly alpn: readonly string[];
}

/** The most idle servers to keep: few handshakes run at once. */
const MAX_IDLE = 32;

/**
 * A pool of the runtime's TLS servers for one certificate; they never listen.
 *
 * Only a server exposes whether a client's certificate was verified, and it does not say for which stream: so each
 * serves one handshake at a time. Pooling saves reading certificate and key, 0.4 ms of the 1.5 that a handshake
 * takes.
 *
 * The runtime's own choice by server name is not used: it never frees what it holds for a client that does not get
 * past its hello.
 */
export class ServerPool {
  readonly #runtime: RuntimeTls;
  readonly #options: ServerPoolOptions;
  readonly #idle: SerialServer[] = [];

  constructor(runtime: RuntimeTls, options: ServerPoolOptions) {
    this.#runtime = runtime;
    this.#options = options;
  }

  /** Serves one handshake on a stream. */
  serve(stream: Duplex, events: HandshakeEvents): void {
    const server = this.#idle.pop() ?? new SerialServer(this.#create(), this.#options, this.#reuse);
    server.serve(stream, events);
  }

  readonly #reuse = (server: SerialServer): void => {
    if (this.#idle.length < MAX_IDLE) this.#idle.push(server);
  };

  #create(): Server {
    const { cert, key, clients, alpn } = this.#options;
    const server = new this.#runtime.tls.Server({
      cert,
      key,
      ca: clients?.authorities.pem,
      ...versionOptions(this.#options),
      requestCert: clients !== undefined,
      // We refuse it ourselves, where the reason is known.
      rejectUnauthorized: false,
      // The runtime does not stop its own timer when a handshake fails; ours counts.
      handshakeTimeout: -1,
      ...(alpn.length > 0 ? { ALPNProtocols: [...alpn] } : {}),
    });
    if (clients?.isRequired !== true) return server;
    // This makes the runtime refuse a client without a certificate, with an alert that only it can send, and leave
    // the check of other certificates to us. If a runtime should ever treat it otherwise, we refuse both.
    Object.assign(server, { rejectUnauthorized: undefined });
    return server;
  }
}

/**
 * A server with one handshake. It is reused only after a success, when the runtime has let go of the connection; late
 * events of a failed handshake must not reach the next.
 */
class SerialServer {
  readonly #server: Server;
  #events: HandshakeEvents | undefined;

  constructor(server: Server, options: ServerPoolOptions, reuse: (server: SerialServer) => void) {
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
        // An exception in an event handler would be lost, and the handshake would run to its limit.
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
