import { type AddressInfo, createServer, type Socket } from "node:net";
import { errorCode, isReset } from "../../lib/base/mod.ts";
import { writeAll } from "./clients.ts";

/** What a target does with one connection, until it returns; `ended` resolves when the target is disposed of. */
export type Serve = (conn: Deno.Conn, ended: Promise<void>) => Promise<void>;

/** The kernel drops a SYN beyond it, which is sent again a second later. */
const BACKLOG = 4096;

/** Where a {@link TestTarget} listens. */
export interface TargetOptions {
  /** Default 127.0.0.1. */
  readonly hostname?: string;
  /** Default one that the system chooses. */
  readonly port?: number;
  /** A unix socket in place of a TCP port. */
  readonly path?: string;
}

/** A server for the proxy to connect to. Disposing of it closes its listener and its connections. */
export class TestTarget implements AsyncDisposable {
  /** As a config names it. */
  readonly address: string;
  /** 0 for a unix socket. */
  readonly port: number;
  /** Connections accepted so far. */
  accepted = 0;
  /** Connections that it has done with. */
  served = 0;
  readonly #listener: Deno.Listener;
  readonly #serve: Serve;
  readonly #conns = new Set<Deno.Conn>();
  readonly #running = new Set<Promise<void>>();
  readonly #ended = Promise.withResolvers<void>();
  readonly #accepting: Promise<void>;
  readonly #awaited: { isThere: () => boolean; resolve: () => void }[] = [];
  readonly #unexpected: unknown[] = [];

  constructor(serve: Serve, options: TargetOptions = {}) {
    const { hostname = "127.0.0.1", port = 0, path } = options;
    this.#serve = serve;
    this.#listener = path === undefined
      ? Deno.listen({ hostname, port, tcpBacklog: BACKLOG })
      : Deno.listen({ transport: "unix", path });
    const addr = this.#listener.addr;
    this.port = addr.transport === "tcp" ? addr.port : 0;
    const host = hostname.includes(":") ? `[${hostname}]` : hostname;
    this.address = path === undefined ? `${host}:${this.port}` : `unix:${path}`;
    this.#accepting = this.#accept();
  }

  /** Resolves when so many connections have been accepted in all. */
  connections(count: number): Promise<void> {
    return this.#when(() => this.accepted >= count);
  }

  /** Resolves when so many connections have been served to their end. */
  done(count: number): Promise<void> {
    return this.#when(() => this.served >= count);
  }

  /** Closes every connection, as a program that ends does; the listener stays. */
  dropConnections(): void {
    for (const conn of this.#conns) close(conn);
    this.#conns.clear();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    this.#ended.resolve();
    this.dropConnections();
    await this.#accepting;
    await Promise.all(this.#running);
    if (this.#unexpected.length > 0) throw this.#unexpected[0];
  }

  async #accept(): Promise<void> {
    for (;;) {
      let conn: Deno.Conn;
      try {
        conn = await this.#listener.accept();
      } catch (error) {
        // A client that has reset its connection before it was accepted ends nothing.
        if (isReset(errorCode(error))) continue;
        if (!isEndOfConnection(error)) this.#unexpected.push(error);
        return;
      }
      this.accepted++;
      this.#conns.add(conn);
      const running = this.#handle(conn).finally(() => this.#running.delete(running));
      this.#running.add(running);
      this.#changed();
    }
  }

  async #handle(conn: Deno.Conn): Promise<void> {
    try {
      await this.#serve(conn, this.#ended.promise);
    } catch (error) {
      if (!isEndOfConnection(error)) this.#unexpected.push(error);
    } finally {
      this.#conns.delete(conn);
      close(conn);
      this.served++;
      this.#changed();
    }
  }

  #when(isThere: () => boolean): Promise<void> {
    return new Promise((resolve) => isThere() ? resolve() : this.#awaited.push({ isThere, resolve }));
  }

  #changed(): void {
    for (const { isThere, resolve } of this.#awaited) if (isThere()) resolve();
  }
}

/** Sends back what it is sent, and FIN for FIN. */
export async function echo(conn: Pick<Deno.Conn, "read" | "write" | "closeWrite">): Promise<void> {
  const buffer = new Uint8Array(65536);
  for (let count = await conn.read(buffer); count !== null; count = await conn.read(buffer)) {
    await writeAll(conn, buffer.subarray(0, count));
  }
  await conn.closeWrite();
}

/** Accepts and never reads. */
export function neverReading(_conn: Deno.Conn, ended: Promise<void>): Promise<void> {
  return ended;
}

/** Reads and never answers. */
export async function neverAnswering(conn: Deno.Conn): Promise<void> {
  const buffer = new Uint8Array(65536);
  while (await conn.read(buffer) !== null);
}

/** Sends these bytes and FIN, and reads what comes until FIN. */
export function sending(bytes: Uint8Array): Serve {
  return async (conn) => {
    const drained = neverAnswering(conn);
    drained.catch(() => {});
    await writeAll(conn, bytes);
    await conn.closeWrite();
    await drained;
  };
}

/** A target that resets its connections. */
export interface ResettingTarget extends AsyncDisposable {
  readonly address: string;
}

/** A target that sends RST as soon as `when` calls its second argument. */
export async function resettingTarget(
  when: (socket: Socket, reset: () => void) => void,
  port = 0,
): Promise<ResettingTarget> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
    when(socket, () => {
      socket.resetAndDestroy();
    });
  });
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", () => resolve()));
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async (): Promise<void> => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** An address that refuses: nobody listens on a port that the system has just given out and taken back. */
export function refusingAddress(): string {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return `127.0.0.1:${listener.addr.port}`;
}

/** An address whose connects hang, as behind a firewall that drops. */
export interface BlackHole extends Disposable {
  readonly address: string;
  readonly port: number;
}

/** How long a connect may take on loopback before the queue is taken to be full. */
const FULL_AFTER_MS = 100;

/** A listener that never accepts and whose queue is full, so that the kernel drops every further SYN. */
export async function blackHole(): Promise<BlackHole> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0, tcpBacklog: 1 });
  const { port } = listener.addr;
  const fillers: Deno.Conn[] = [];
  for (;;) {
    const controller = new AbortController();
    const timer = setTimeout(() => controller.abort(), FULL_AFTER_MS);
    const options: Deno.ConnectOptions & { signal: AbortSignal } = {
      hostname: "127.0.0.1",
      port,
      signal: controller.signal,
    };
    try {
      fillers.push(await Deno.connect(options));
    } catch (error) {
      if (!controller.signal.aborted) throw error;
      break;
    } finally {
      clearTimeout(timer);
    }
  }
  return {
    address: `127.0.0.1:${port}`,
    port,
    [Symbol.dispose]: (): void => {
      for (const conn of fillers) conn.close();
      listener.close();
    },
  };
}

function close(conn: Deno.Conn): void {
  conn[Symbol.dispose]();
}

/** Whether the peer, or closing the socket, ended what was under way. */
function isEndOfConnection(error: unknown): boolean {
  return error instanceof Deno.errors.BadResource || error instanceof Deno.errors.Interrupted ||
    error instanceof Deno.errors.ConnectionReset || error instanceof Deno.errors.BrokenPipe ||
    error instanceof Deno.errors.NotConnected;
}
