// deno-lint-ignore-file camelcase -- the keys of the API
import { EventHub } from "../../lib/admin/mod.ts";
import type { AdminRoute, Handler } from "../../lib/admin/route.ts";
import { EVENT_KINDS } from "../../lib/admin/events/mod.ts";
import { dashboard, dashboardFile } from "../../lib/admin/routes/pages/dashboard.ts";
import { json, problem } from "../../lib/admin/responses.ts";
import { type AccessRecord, Feed, type LogLine } from "../../lib/log/mod.ts";

type Json = Record<string, unknown>;

/** A target of a {@link Fixture}, as its status shows it. */
export interface FixtureTarget extends Json {
  address: string;
  state: string;
  admin: string;
  weight: number;
  configured_weight: number;
  connections: number;
  traffic: { connections: number; bytes_up: number; bytes_down: number } & Json;
}

/** An app of a {@link Fixture}, as its status shows it. */
export interface FixtureApp extends Json {
  name: string;
  state: string;
  sessions: number;
  faults: Json[];
  targets: FixtureTarget[];
  routes: { route: string; targets: FixtureTarget[]; undiscovered: string[] }[];
  traffic:
    & { connections: number; bytes_up: number; bytes_down: number; ended: Record<string, number> }
    & Json;
}

/** A proxy of which a test says what its API shows; it keeps what it is asked to do. */
export class Fixture {
  readonly apps: FixtureApp[] = [];
  sessions: Json[] = [];
  startedAt: Date = new Date();
  state = "ready";
  /** What was asked for beside reading: `PATCH /api/apps/web {"state":"paused"}`. */
  readonly done: string[] = [];
  readonly ended: Feed<AccessRecord> = new Feed();
  readonly lines: Feed<LogLine> = new Feed();
  readonly events: EventHub = new EventHub({
    sessions: this.ended,
    lines: this.lines,
    onDefect: (error) => {
      throw error;
    },
  });
  /** The answer to a plan of a reload. */
  plan: Json = { changes: { apps: [], settings: [] }, apps: [], warnings: [] };
  readonly #totals = { connections: 0, bytes_up: 0, bytes_down: 0 };

  add(name: string, addresses: readonly string[], more: Partial<FixtureApp> = {}): FixtureApp {
    const app: FixtureApp = {
      name,
      state: "accepting",
      listeners: [`0.0.0.0:${5000 + this.apps.length}`],
      balance: "round_robin",
      sessions: 0,
      max_connections: null,
      traffic: { ...NOTHING, ended: {}, dial_ms: null, session_ms: null },
      faults: [],
      targets: addresses.map((address) => fixtureTarget(address)),
      undiscovered: [],
      routes: [],
      ...more,
    };
    this.apps.push(app);
    return app;
  }

  /** Counts what a second brings to a target, in its app and in all. */
  carry(
    app: FixtureApp,
    target: FixtureTarget,
    { connections, up, down, dialMs }: { connections: number; up: number; down: number; dialMs: number },
  ): void {
    for (const traffic of [app.traffic, target.traffic, this.#totals]) {
      traffic.connections += connections;
      traffic.bytes_up += up;
      traffic.bytes_down += down;
    }
    for (
      const traffic of [app.traffic, target.traffic, this.#totals] as {
        connections: number;
        dial_sum?: number;
        dial_ms?: unknown;
      }[]
    ) {
      traffic.dial_sum = (traffic.dial_sum ?? 0) + connections * dialMs;
      traffic.dial_ms = spread(traffic.connections, traffic.dial_sum / Math.max(1, traffic.connections));
    }
    app.traffic.ended.client_closed = Math.round(app.traffic.connections * 0.9);
  }

  status(): Json {
    const ended: Record<string, number> = {};
    for (const { traffic } of this.apps) {
      for (const [reason, count] of Object.entries(traffic.ended)) {
        ended[reason] = (ended[reason] ?? 0) + count;
      }
    }
    return {
      version: "1.2.3",
      started_at: this.startedAt.toISOString(),
      now: new Date().toISOString(),
      state: this.state,
      workers: 2,
      sessions: this.apps.reduce((sum, { sessions }) => sum + sessions, 0),
      config: {
        path: "/etc/tcpproxy/config.yaml",
        hash: "3f9c1ab27d04",
        loaded_at: this.startedAt.toISOString(),
        last_reload: null,
      },
      traffic: {
        dial_ms: null,
        ...this.#totals,
        ended,
        session_ms: null,
      },
      apps: this.apps,
    };
  }

  get routes(): readonly AdminRoute[] {
    return [
      dashboard,
      dashboardFile,
      route("/api/events", {
        GET: (_request, { closing }) =>
          new Response(
            this.events.open({
              kinds: new Set(EVENT_KINDS),
              intervalMs: 250,
              closing,
              snapshot: () => Promise.resolve(JSON.stringify(this.status())),
            }),
            { headers: { "content-type": "text/event-stream" } },
          ),
      }),
      route("/api/sessions", {
        GET: ({ req }) => {
          const app = req.query("app");
          const matched = this.sessions.filter((session) => app === undefined || session.app === app);
          return json({ total: this.sessions.length, matched: matched.length, sessions: matched });
        },
        DELETE: (request) => this.#do(request.req.raw, { ended: this.sessions.length }),
      }),
      route("/api/sessions/:id", { DELETE: (request) => this.#do(request.req.raw, { ended: 1 }) }),
      route("/api/apps/:app", { PATCH: (request) => this.#do(request.req.raw, {}) }),
      route("/api/apps/:app/targets/:target", { PATCH: (request) => this.#do(request.req.raw, {}) }),
      route("/api/apps/:app/faults", {
        GET: () => json({ faults: [] }),
        PUT: (request) => this.#do(request.req.raw, { faults: [] }),
      }),
      route("/api/reload", {
        POST: (request) =>
          request.req.query("plan") === "true" ? json(this.plan) : this.#do(request.req.raw, this.plan),
      }),
      route("/api/drain", { POST: (request) => this.#do(request.req.raw, {}) }),
      route("/api/refuse", { POST: () => problem(409, { detail: "refused" }) }),
    ];
  }

  async #do(request: Request, answer: unknown): Promise<Response> {
    const { pathname, search } = new URL(request.url);
    const body = await request.text();
    this.done.push(`${request.method} ${pathname}${search}${body === "" ? "" : ` ${body}`}`);
    return json(answer);
  }
}

const NOTHING = { connections: 0, bytes_up: 0, bytes_down: 0 };

/** A target that is up and idle. */
export function fixtureTarget(address: string, more: Partial<FixtureTarget> = {}): FixtureTarget {
  return {
    address,
    state: "up",
    admin: "ready",
    detail: null,
    since: null,
    weight: 1,
    configured_weight: 1,
    current_weight: 1,
    backup: false,
    connections: 0,
    max_connections: null,
    discovered_by: null,
    traffic: { ...NOTHING, dials: { connected: 0, failed: 0 }, dial_ms: null },
    ...more,
  };
}

function spread(count: number, mean: number): Json {
  return { count, mean, p50: mean * 0.8, p90: mean * 2, p99: mean * 4 };
}

function route(path: string, handlers: Record<string, Handler>): AdminRoute {
  return {
    path,
    operations: Object.fromEntries(
      Object.entries(handlers).map(([method, handle]) => [method, {
        summary: "",
        responses: { 200: { description: "" } },
        handle,
      }]),
    ),
  };
}
