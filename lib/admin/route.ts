import type { Context } from "hono";
import type { Config } from "../config/mod.ts";
import type { ProxyControl, ReloadPlan, ReloadResult } from "../proxy/mod.ts";
import { problem } from "./answer.ts";
import type { AdminObserver } from "./admin_observer.ts";

/** What the program is doing, as far as whoever asks must know. */
export type Phase = "starting" | "ready" | "draining";

/** Reloads of the config's file, wherever it is; neither ever rejects. */
export interface AdminReloads {
  reload(): Promise<ReloadResult>;
  /** What a reload to this config would do; default to that of the file. */
  plan(config?: Config): Promise<ReloadPlan>;
}

/** What every route may use. */
export interface AdminContext {
  readonly phase: Phase;
  /** The proxy; `undefined` until all its listeners are bound. */
  readonly proxy: ProxyControl | undefined;
  readonly version: string;
  readonly startedAt: Date;
  readonly observer: AdminObserver;
  readonly reloads: AdminReloads;
  /** Aborted when the server is about to close: an answer that does not end by itself must end then. */
  readonly closing: AbortSignal;
}

/** Answers one request. What it throws is a defect, and answered with 500. */
export type Handler = (request: Context, admin: AdminContext) => Response | Promise<Response>;

/** The methods that a route may have; HEAD comes with GET. */
export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

/** One path of the API. Any other method is answered with 405. */
export interface AdminRoute {
  /** As hono reads it: `/api/sessions/:id`. */
  readonly path: string;
  /** One line, without a full stop, for the list of paths. */
  readonly summary: string;
  /** Whether everyone may ask, from anywhere, without a token: for probes. Default false. */
  readonly isOpen?: boolean;
  readonly handlers: Readonly<Partial<Record<Method, Handler>>>;
}

/** A handler that needs the proxy; while it starts, the answer is 503. */
export function withProxy(
  handle: (request: Context, proxy: ProxyControl, admin: AdminContext) => Response | Promise<Response>,
): Handler {
  return (request, admin) => {
    if (admin.proxy !== undefined) return handle(request, admin.proxy, admin);
    const detail = "the proxy is starting, it answers when all its listeners are bound";
    return problem(503, { detail, headers: { "retry-after": "1" } });
  };
}
