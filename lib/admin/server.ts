import { errorMessage, type TcpAddress } from "../base/mod.ts";
import { ListenError } from "../listen/mod.ts";
import { type ProxyControl, StartError } from "../proxy/mod.ts";
import { adminApp } from "./app.ts";
import type { AdminObserver } from "./admin_observer.ts";
import { problem } from "./answer.ts";
import type { AdminContext, AdminReloads, AdminRoute, Phase } from "./route.ts";
import { ROUTES } from "./routes.ts";

export interface AdminServerOptions {
  readonly listen: TcpAddress;
  /** What callers must show; `undefined` for nothing. */
  readonly token: string | undefined;
  readonly version: string;
  readonly observer: AdminObserver;
  readonly reloads: AdminReloads;
  /** Default all of the API's. */
  readonly routes?: readonly AdminRoute[];
  /** How many requests may be under way at once, beyond which the answer is 503; default 64. */
  readonly maxRequests?: number;
}

/** More than an operator's tools ask at once; what they wait for may be large, and is in memory until it is read. */
const MAX_REQUESTS = 64;

/** How long answers may take to be sent when the server closes. */
const GRACE_MS = 250;

/** Between tries to open again: the first, and the longest. */
const FIRST_RETRY_MS = 100;
const MAX_RETRY_MS = 5000;

/** A server of the runtime, and how to end it with every connection that it has. */
interface Serving {
  readonly server: Deno.HttpServer<Deno.NetAddr>;
  readonly abort: AbortController;
}

/**
 * The admin API's server. It answers from the moment that it is bound, before there is a proxy and while one drains.
 *
 * What it stands on ends for good when it cannot accept a connection, for want of file descriptors say; so it is opened
 * again. Its connections are closed by that, which is what gives back the descriptors of a client that has taken them all.
 */
export class AdminServer implements AdminContext {
  /** What is bound: where port 0 was asked for, the port that the system chose. */
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
   * Binds the address and begins to answer.
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

  /** The proxy is there, and all its listeners are bound. */
  attach(proxy: ProxyControl): void {
    this.#proxy = proxy;
    this.#phase = "ready";
  }

  /** The proxy is about to end: it is not ready any more, and can still be asked. */
  drain(): void {
    this.#phase = "draining";
  }

  /** Ends answers that do not end by themselves, gives the others 250 ms, and closes every connection. Idempotent. */
  close(): Promise<void> {
    return this.#closed ??= this.#close();
  }

  async #close(): Promise<void> {
    this.#closing.abort();
    clearTimeout(this.#timer);
    await this.#whenIdle(GRACE_MS);
    const serving = this.#serving;
    if (serving === undefined) return;
    // Not `shutdown`, which waits for whoever is slow, and after which there is no other way to end.
    serving.abort.abort();
    await serving.server.finished.catch(() => {});
  }

  #serve({ host, port }: TcpAddress): Serving {
    const abort = new AbortController();
    const server = Deno.serve({
      hostname: host,
      port,
      signal: abort.signal,
      // Without one, the runtime prints where it listens.
      onListen: () => {},
      onError: (error) => this.#failed(error),
    }, (request, info) => this.#handle(request, info));
    const serving = { server, abort };
    server.finished.catch((error) => this.#lost(serving, error));
    return serving;
  }

  async #handle(request: Request, { completed }: Deno.ServeHandlerInfo): Promise<Response> {
    this.#requests++;
    // It rejects where the client has left.
    completed.catch(() => {}).finally(() => this.#ended());
    if (this.#requests > (this.#options.maxRequests ?? MAX_REQUESTS)) {
      const detail = `${this.#requests - 1} requests are under way, fewer were wanted`;
      return problem(503, { detail, headers: { "retry-after": "1" } });
    }
    return await this.#answer(request);
  }

  #failed(error: unknown): Response {
    this.#options.observer.defect(error);
    return problem(500, { detail: "the answer failed by a defect of the program, its log says more" });
  }

  #ended(): void {
    this.#requests--;
    if (this.#requests === 0) { for (const resolve of this.#idle.splice(0)) resolve(); }
  }

  /** Resolves when no request is under way, or after so long. */
  async #whenIdle(limitMs: number): Promise<void> {
    if (this.#requests === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, limitMs);
    this.#idle.push(resolve);
    await promise;
    clearTimeout(timer);
  }

  /** The runtime's server has ended: it could not accept a connection. */
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
