import type { Address, TcpAddress } from "../base/mod.ts";
import { Listener, ListenError } from "../listen/mod.ts";
import type { PassedSocket, Transport } from "../net/mod.ts";
import { type ProxyControl, StartError } from "../proxy/mod.ts";
import { adminApp } from "./app.ts";
import type { AdminObserver } from "./admin_observer.ts";
import type { EventHub } from "./events/mod.ts";
import { HttpConnections, type HttpLimits } from "./http/mod.ts";
import { problem } from "./responses.ts";
import type { AdminContext, AdminReloads, AdminRoute, DroppedLines, Phase, UpgradeAnswer } from "./route.ts";
import { ROUTES } from "./routes/all.ts";

export interface AdminServerOptions {
  readonly listen: TcpAddress;
  /** Default: the runtime's sockets. */
  readonly transport?: Transport | undefined;
  /** The token that callers must send; `undefined` for none. */
  readonly token: string | undefined;
  readonly version: string;
  readonly observer: AdminObserver;
  readonly reloads: AdminReloads;
  /** Shared by the servers of one proxy. */
  readonly events: EventHub;
  /** Default: none. */
  droppedLines?(): DroppedLines;
  /** When it begins to accept; until then, connections wait in its queue. Default at once. */
  readonly mayAccept?: Promise<void> | undefined;
  /** Has the process end as at SIGTERM; calls {@link AdminServer.drain} before it returns. */
  requestDrain(): void;
  /** Has another process take over; never rejects. Default: none can. */
  upgrade?(): Promise<UpgradeAnswer>;
  /** Default: {@link ROUTES}. */
  readonly routes?: readonly AdminRoute[];
  /** How many requests may be in progress at once; more get status 503. Default 64. */
  readonly maxRequests?: number;
  readonly limits?: Partial<HttpLimits>;
}

/** More than an operator's tools send at once. Responses may be large, and stay in memory until they are read. */
const MAX_REQUESTS = 64;

/** How long responses may take to finish when the server closes. */
const GRACE_MS = 250;

/**
 * The admin API's server. It responds from the moment it is bound, before there is a proxy and while one drains.
 *
 * When it cannot accept a connection, for example because file descriptors run out, it drops those that it has, which
 * frees the descriptors of a client that has taken them all, and tries again.
 */
export class AdminServer implements AdminContext {
  /** The bound address: for port 0, the port that the system chose. */
  readonly address: TcpAddress;
  readonly version: string;
  readonly startedAt: Date = new Date(performance.timeOrigin);
  readonly #options: AdminServerOptions;
  readonly #answer: (request: Request, caller?: Address) => Promise<Response>;
  readonly #closing = new AbortController();
  readonly #idle: (() => void)[] = [];
  readonly #connections: HttpConnections;
  readonly #listener: Listener;
  #requests = 0;
  #phase: Phase = "starting";
  #deadline: Date | undefined;
  #proxy: ProxyControl | undefined;
  #closed: Promise<void> | undefined;

  /**
   * Binds the address and starts serving.
   *
   * @throws {StartError} when the address cannot be bound; it says where and why.
   */
  static open(options: AdminServerOptions): AdminServer {
    return new AdminServer(options);
  }

  private constructor(options: AdminServerOptions) {
    const { listen, routes = ROUTES, token, version, observer } = options;
    this.#options = options;
    this.version = version;
    this.#answer = adminApp({
      routes,
      admin: this,
      listen,
      token,
      onGuesses: (caller) => observer.tokensGuessed(caller),
      onDefect: (error) => observer.defect(error),
    });
    this.#connections = new HttpConnections({
      limits: options.limits,
      handle: (request, caller) => this.#handle(request, caller),
      ended: () => this.#ended(),
      defect: (error) => observer.defect(error),
    });
    try {
      this.#listener = Listener.open(listen, {
        transport: options.transport,
        // Opens one that was passed to this process; no other thread shares it.
        shared: options.transport !== undefined,
        observer: {
          acceptPaused: (_address, error) => this.#paused(error),
          acceptResumed: () => this.#resumed(),
        },
        onConnection: (conn) => this.#connections.add(conn),
      });
    } catch (error) {
      if (!(error instanceof ListenError)) throw error;
      throw new StartError(`start admin: ${error.message}`, { cause: error });
    }
    const { address } = this.#listener;
    this.address = address.kind === "tcp" ? address : listen;
    if (options.mayAccept === undefined) this.#listener.start();
    else void options.mayAccept.then(() => this.#listener.start());
  }

  get phase(): Phase {
    return this.#phase;
  }

  get proxy(): ProxyControl | undefined {
    return this.#proxy;
  }

  get observer(): AdminObserver {
    return this.#options.observer;
  }

  get reloads(): AdminReloads {
    return this.#options.reloads;
  }

  get events(): EventHub {
    return this.#options.events;
  }

  get droppedLines(): DroppedLines {
    return this.#options.droppedLines?.() ?? { access: 0, operational: 0 };
  }

  get deadline(): Date | undefined {
    return this.#deadline;
  }

  /** Its socket, for another process; `undefined` where there is no way to hand it over. */
  get socket(): PassedSocket | undefined {
    const { handle } = this.#listener;
    return handle === undefined ? undefined : { address: this.address, handle };
  }

  /** Accepts nothing more, as another process does on the same socket; open connections go on until it is closed. */
  leave(): Promise<void> {
    return this.#listener.leave();
  }

  upgrade(): Promise<UpgradeAnswer> {
    const { upgrade } = this.#options;
    return upgrade?.() ?? Promise.resolve({ kind: "refused", reason: "this proxy cannot be replaced" });
  }

  requestDrain(): void {
    this.#options.requestDrain();
  }

  get closing(): AbortSignal {
    return this.#closing.signal;
  }

  /** Sets the proxy, once all its listeners are bound. */
  attach(proxy: ProxyControl): void {
    this.#proxy = proxy;
    this.#phase = "ready";
  }

  /** Marks the proxy as draining until then: not ready, but still reachable here. */
  drain(deadline?: Date): void {
    this.#phase = "draining";
    this.#deadline = deadline;
  }

  /** Ends streaming responses, gives the others 250 ms, and closes every connection. Idempotent. */
  close(): Promise<void> {
    return this.#closed ??= this.#close();
  }

  async #close(): Promise<void> {
    this.#closing.abort();
    await this.#whenIdle(GRACE_MS);
    await this.#listener.closeNow();
    await this.#connections.closeAll();
  }

  async #handle(request: Request, caller: Address | undefined): Promise<Response> {
    this.#requests++;
    if (this.#requests > (this.#options.maxRequests ?? MAX_REQUESTS)) {
      const detail = `too many requests: ${this.#requests - 1} in progress`;
      return problem(503, { detail, headers: { "retry-after": "1" } });
    }
    return await this.#answer(request, caller);
  }

  #ended(): void {
    this.#requests--;
    if (this.#requests === 0) { for (const resolve of this.#idle.splice(0)) resolve(); }
  }

  /** Resolves when no request is in progress, or after the limit. */
  async #whenIdle(limitMs: number): Promise<void> {
    if (this.#requests === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, limitMs);
    this.#idle.push(resolve);
    await promise;
    clearTimeout(timer);
  }

  #paused(error: unknown): void {
    if (this.#closing.signal.aborted) return;
    this.#options.observer.adminFailing(error);
    void this.#connections.closeAll();
  }

  #resumed(): void {
    if (!this.#closing.signal.aborted) this.#options.observer.adminRecovered();
  }
}
