/**
 * Sessions over real sockets on both sides, for each transport that the program may have.
 *
 * @module
 */
import { assertStrictEquals } from "@std/assert";
import { engineFor } from "../../../lib/app/select_engine.ts";
import type { Reason, TcpAddress } from "../../../lib/base/mod.ts";
import { Dialer } from "../../../lib/dial/mod.ts";
import {
  type Connection,
  type ListeningSocket,
  runtimeTransport,
  type Transport,
} from "../../../lib/net/mod.ts";
import { canBePolled, type RelayEngine } from "../../../lib/relay/mod.ts";
import { concat } from "../bytes.ts";
import { type ResettingClient, resettingClient } from "../clients.ts";
import { until } from "../until.ts";
import { hasLinuxSockets, withWatchedLinuxTransport } from "./linux_transport.ts";
import { AcceptedSession, type AcceptedSessionOptions, type NearEnd } from "./session_bench.ts";

/** A transport, and what sessions promise over it alone. */
export interface SessionTransport {
  readonly name: string;
  /** Whether it is unavailable here. */
  readonly ignore: boolean;
  /** How a side's connection ends when the other side is lost: the runtime's sockets cannot reset. */
  readonly passesLossAs: "fin" | "reset";
  /** Whether the relay polls its connections, or waits for promises. */
  readonly isPolled: boolean;
  with(use: (transport: Transport) => Promise<void>): Promise<void>;
}

const TRANSPORTS: readonly SessionTransport[] = [
  {
    name: "runtime",
    ignore: false,
    passesLossAs: "fin",
    isPolled: false,
    with: (use) => use(runtimeTransport),
  },
  {
    name: "native",
    ignore: !hasLinuxSockets,
    passesLossAs: "reset",
    isPolled: true,
    with: withWatchedLinuxTransport,
  },
];

/** Adds a test for each transport; of `Session: what it does` they are `Session, native: what it does`. */
export function testSession(name: string, run: (sockets: SessionSockets) => Promise<void>): void {
  for (const each of TRANSPORTS) {
    Deno.test({
      name: name.replace(":", `, ${each.name}:`),
      ignore: each.ignore,
      fn: () =>
        each.with(async (transport) => {
          const listening = transport.listen(LOOPBACK, { shared: false });
          try {
            await run(new SessionSockets(each, transport, listening));
          } finally {
            listening.close();
          }
        }),
    });
  }
}

const LOOPBACK: TcpAddress = { kind: "tcp", host: "127.0.0.1", port: 0 };

/** Opens sessions over one transport. */
export class SessionSockets {
  readonly of: SessionTransport;
  readonly transport: Transport;
  readonly #listening: ListeningSocket;

  constructor(of: SessionTransport, transport: Transport, listening: ListeningSocket) {
    this.of = of;
    this.transport = transport;
    this.#listening = listening;
  }

  /** Connects a client, and makes a session of its connection, which the test runs. */
  async open(target: string, options: AcceptedSessionOptions = {}): Promise<SocketSession> {
    const { address } = this.#listening;
    if (address.kind !== "tcp") throw new Error("it listens on no TCP port; expected one");
    const heard: Uint8Array[] = [];
    const [client, accepted] = await Promise.all([
      resettingClient(address.port, (bytes) => void heard.push(bytes)),
      this.#listening.accept(),
    ]);
    return new SocketSession({ client, heard, near: counted(accepted) }, target, {
      ...options,
      sockets: this,
    });
  }
}

/** A connection that counts what is done to it. */
interface CountedEnd extends NearEnd {
  closes: number;
  /** Bytes that reads have given; a relay that polls does not read. */
  bytesRead: number;
  /** Whether a read has given the end. */
  hasEnded: boolean;
}

function counted(conn: Connection): CountedEnd {
  const read = conn.read.bind(conn);
  const close = conn.close.bind(conn);
  const near: CountedEnd = Object.assign(conn, {
    closes: 0,
    bytesRead: 0,
    hasEnded: false,
    read: async (buffer: Uint8Array): Promise<number | null> => {
      const count = await read(buffer);
      if (count === null) near.hasEnded = true;
      else near.bytesRead += count;
      return count;
    },
    close: (): void => {
      near.closes++;
      close();
    },
  });
  return near;
}

interface ClientEnds {
  readonly client: ResettingClient;
  /** What has come to the client. */
  readonly heard: readonly Uint8Array[];
  readonly near: CountedEnd;
}

/** One session over real sockets, with the engine that the program chooses for them. */
export class SocketSession extends AcceptedSession<CountedEnd> implements AsyncDisposable {
  readonly client: ResettingClient;
  readonly #heard: readonly Uint8Array[];
  readonly #of: SessionTransport;
  /** Whether its relay polled; `undefined` where there was none. */
  #polled: boolean | undefined;

  constructor(
    { client, heard, near }: ClientEnds,
    target: string,
    { sockets, ...options }: AcceptedSessionOptions & { readonly sockets: SessionSockets },
  ) {
    super(near, target, {
      ...options,
      engine: (parts): RelayEngine => {
        const engine = engineFor({ upload: undefined, download: undefined }, parts)();
        return (ends, context) => {
          this.#polled = canBePolled(ends);
          return engine(ends, context);
        };
      },
      app: {
        dialer: new Dialer({
          connectTimeoutMs: 5000,
          connectDeadlineMs: 5000,
          transport: sockets.transport,
        }),
        ...options.app,
      },
    });
    this.client = client;
    this.#heard = heard;
    this.#of = sockets.of;
  }

  /** Resolves with everything that has come to the client, once that is so many bytes. */
  async hears(bytes: number): Promise<Uint8Array> {
    await this.client.received(bytes);
    return concat(...this.#heard);
  }

  override async assertEnded(reason: Reason): Promise<void> {
    // A read that was pending rejects when the runtime gets to it.
    await until(() => this.buffers.out === 0);
    await super.assertEnded(reason);
    assertStrictEquals(this.#polled ?? this.#of.isPolled, this.#of.isPolled, "another engine relayed");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.session.end("killed");
    await this.client.reset();
  }
}
