import { errorMessage, type TcpAddress } from "../base/mod.ts";
import { ListenError } from "../listen/mod.ts";
import { type ProxyControl, StartError } from "../proxy/mod.ts";
import { adminApp } from "./app.ts";
import type { AdminObserver } from "./admin_observer.ts";
import { problem } from "./responses.ts";
import type { AdminContext, AdminReloads, AdminRoute, Phase } from "./route.ts";
import { ROUTES } from "./routes.ts";

export interface AdminServerOptions {
  readonly listen: TcpAddress;
  /** The token that callers must send; `undefined` for none. */
  readonly token: string | undefined;
  readonly version: string;
  readonly observer: AdminObserver;
  readonly reloads: AdminReloads;
  /** Default: {@link ROUTES}. */
  readonly routes?: readonly AdminRoute[];
  /** How many requests may be in progress at once; more get status 503. Default 64. */
  readonly maxRequests?: number;
}

/** More than an operator's tools send at once. Responses may be large, and stay in memory until they are read. */
const MAX_REQUESTS = 64;

/** How long responses may take to finish when the server closes. */
const GRACE_MS = 250;

/** The delay before reopening: the first, and the longest. */
const FIRST_RETRY_MS = 100;
const MAX_RETRY_MS = 5000;

/** A server of the runtime, with the means to end it and all its connections. */
interface Serving {
  readonly server: Deno.HttpServer<Deno.NetAddr>;
  readonly abort: AbortController;
}

/**
 * The admin API's server. It responds from the moment it is bound, before there is a proxy and while one drains.
 *
 * The runtime's server ends when it cannot accept a connection, for example when file descriptors run out; so it is
 * reopened. Its connections are closed by that, which frees the descriptors of a client that has taken them all.
 */
export class AdminServer implements AdminContext {
  /** The bound address: for port 0, the port that the system chose. */
  readonly address: TcpAddress;
  readonly version: string;
  readonly startedAt: Date = new Date(performance.timeOrigin);
  readonly #options: AdminServerOptions;
  readonly #answer: (request: Request) => Promise<Response>;
  readonly #closing = new AbortController();
  readonly #idle: (() => void)[] = [];
  #serving: Serving | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #retryMs = FIRST_RETRY_MS;
  #requests = 0;
  #phase: Phase = "starting";
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
      onDefect: (error) => observer.defect(error),
    });
    try {
      this.#serving = this.#serve(listen);
    } catch (error) {
      const { message } = new ListenError(listen, error);
      throw new StartError(`start admin: ${message}`, { cause: error });
    }
    this.address = { ...listen, port: this.#serving.server.addr.port };
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

  get closing(): AbortSignal {
    return this.#closing.signal;
  }

  /** Sets the proxy, once all its listeners are bound. */
  attach(proxy: ProxyControl): void {
    this.#proxy = proxy;
    this.#phase = "ready";
  }

  /** Marks the proxy as draining: not ready, but still reachable here. */
  drain(): void {
    this.#phase = "draining";
  }

  /** Ends streaming responses, gives the others 250 ms, and closes every connection. Idempotent. */
  close(): Promise<void> {
    return this.#closed ??= this.#close();
  }

  async #close(): Promise<void> {
    this.#closing.abort();
    clearTimeout(this.#timer);
    await this.#whenIdle(GRACE_MS);
    const serving = this.#serving;
    if (serving === undefined) return;
    // Not `shutdown`, which waits for slow clients and leaves no other way to end.
    serving.abort.abort();
    await serving.server.finished.catch(() => {});
  }

  #serve({ host, port }: TcpAddress): Serving {
    const abort = new AbortController();
    const server = Deno.serve({
      hostname: host,
      port,
      signal: abort.signal,
      // Without a callback, the runtime prints the address.
      onListen: () => {},
      onError: (error) => this.#failed(error),
    }, (request, info) => this.#handle(request, info));
    const serving = { server, abort };
    server.finished.catch((error) => this.#lost(serving, error));
    return serving;
  }

  async #handle(request: Request, { completed }: Deno.ServeHandlerInfo): Promise<Response> {
    this.#requests++;
    // Rejects when the client has left.
    completed.catch(() => {}).finally(() => this.#ended());
    if (this.#requests > (this.#options.maxRequests ?? MAX_REQUESTS)) {
      const detail = `too many requests: ${this.#requests - 1} in progress`;
      return problem(503, { detail, headers: { "retry-after": "1" } });
    }
    return await this.#answer(request);
  }

  #failed(error: unknown): Response {
    this.#options.observer.defect(error);
    return problem(500, { detail: "internal error; see the log of tcpproxy" });
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

  /** The runtime's server ended because it could not accept a connection. */
  #lost({ abort }: Serving, error: unknown): void {
    this.#serving = undefined;
    abort.abort();
    if (this.#closing.signal.aborted) return;
    this.#options.observer.adminFailing(error);
    this.#retryLater();
  }

  #retryLater(): void {
    this.#timer = setTimeout(() => this.#retry(), this.#retryMs);
    this.#retryMs = Math.min(MAX_RETRY_MS, this.#retryMs * 2);
  }

  #retry(): void {
    try {
      this.#serving = this.#serve(this.address);
      this.#retryMs = FIRST_RETRY_MS;
      this.#options.observer.adminRecovered();
    } catch (error) {
      this.#options.observer.adminFailing(new Error(errorMessage(error), { cause: error }));
      this.#retryLater();
    }
  }
}
