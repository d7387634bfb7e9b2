import type { Context } from "hono";
import type { Address } from "../base/mod.ts";
import type { Config } from "../config/mod.ts";
import type { ProxyControl, ReloadPlan, ReloadResult } from "../proxy/mod.ts";
import type { Description } from "./openapi/description.ts";
import { problem } from "./responses.ts";
import type { AdminObserver } from "./admin_observer.ts";
import type { EventHub } from "./events/mod.ts";

/** The program's state, as the API shows it. */
export type Phase = "starting" | "ready" | "draining";

/** Where the config in effect comes from. */
export interface ConfigState {
  /** Its file; `undefined` where it has none that can be read again. */
  readonly path: string | undefined;
  readonly loadedAt: Date;
  /** The last attempt to put another config, or changed files, into effect; `undefined` before the first. */
  readonly lastReload: LastReload | undefined;
  /** The number of attempts by result. */
  readonly reloads: { readonly succeeded: number; readonly failed: number };
}

export interface LastReload {
  readonly at: Date;
  readonly result: "succeeded" | "failed";
  /** The source of the request. */
  readonly trigger: string;
  /** The changes, or the reason for the failure; `undefined` if there was no change. */
  readonly detail: string | undefined;
}

/** Log lines that could not be written since the start, of each log. */
export interface DroppedLines {
  readonly access: number;
  readonly operational: number;
}

/** Reloads the config file; neither method ever rejects. */
export interface AdminReloads {
  readonly state: ConfigState;
  reload(): Promise<ReloadResult>;
  /** Returns what a reload to this config would change. Default: the file. */
  plan(config?: Config): Promise<ReloadPlan>;
}

/** What came of an upgrade: the process that has taken over, or why none has. */
export type UpgradeAnswer =
  | { readonly kind: "done"; readonly pid: number; readonly version: string }
  | { readonly kind: "refused"; readonly reason: string };

/** The things that every route has access to. */
export interface AdminContext {
  readonly phase: Phase;
  /** The proxy; `undefined` until all its listeners are bound. */
  readonly proxy: ProxyControl | undefined;
  readonly version: string;
  readonly startedAt: Date;
  readonly observer: AdminObserver;
  readonly reloads: AdminReloads;
  readonly events: EventHub;
  /** The log lines that could not be written. */
  readonly droppedLines: DroppedLines;
  /** When a drain under way ends the last session; `undefined` for never, and while there is none. */
  readonly deadline: Date | undefined;
  /** Has the process end as at SIGTERM; its phase is `draining` when this returns. Idempotent. */
  requestDrain(): void;
  /** Has another process take over; never rejects. */
  upgrade(): Promise<UpgradeAnswer>;
  /** Aborted when the server is about to close; a response that does not end by itself must end then. */
  readonly closing: AbortSignal;
}

/** Handles one request, which `caller` has sent. An exception is an internal error and gives status 500. */
export type Handler = (
  request: Context,
  admin: AdminContext,
  caller?: Address,
) => Response | Promise<Response>;

/** The methods of a route; HEAD comes with GET. */
export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

/** One method of a path, with its part of the API's description (`GET /api/openapi.json`). */
export interface Operation extends Description {
  readonly handle: Handler;
}

/** One path of the API. Other methods give status 405. */
export interface AdminRoute {
  /** In hono's syntax: `/api/sessions/:id`. */
  readonly path: string;
  /** Whether the path needs no token and accepts any origin, for probes. Default false. */
  readonly isOpen?: boolean;
  readonly operations: Readonly<Partial<Record<Method, Operation>>>;
}

/** Returns the operations of a route, each with its method. */
export function operationsOf({ operations }: AdminRoute): [Method, Operation][] {
  return Object.entries(operations) as [Method, Operation][];
}

/** Wraps a handler that needs the proxy; until it has started, the status is 503. */
export function withProxy(
  handle: (
    request: Context,
    proxy: ProxyControl,
    admin: AdminContext,
    caller?: Address,
  ) => Response | Promise<Response>,
): Handler {
  return (request, admin, caller) => {
    if (admin.proxy !== undefined) return handle(request, admin.proxy, admin, caller);
    const detail = "the proxy is starting; try again when all its listeners are bound";
    return problem(503, { detail, headers: { "retry-after": "1" } });
  };
}
