import { formatAddress } from "../../base/mod.ts";
import type { PoolSnapshot, TargetSnapshot } from "../../app/mod.ts";
import type { AppStatus } from "../../proxy/mod.ts";
import { json } from "../responses.ts";
import { type AdminRoute, withProxy } from "../route.ts";

/** Returns a snapshot of the proxy. */
export const status: AdminRoute = {
  path: "/api/status",
  operations: {
    GET: {
      summary: "The state of every app and target, as JSON",
      responses: { 200: { description: "A snapshot", schema: "Status" } },
      handle: withProxy((_request, proxy, { version, startedAt, phase }) => {
        const { workers, sessions, apps } = proxy.status();
        return json(
          {
            version,
            started_at: startedAt.toISOString(),
            state: phase,
            workers,
            sessions,
            apps: apps.map(appJson),
          } satisfies StatusJson,
        );
      }),
    },
  },
};

/** The body of `GET /api/status`. A stable contract; `null` for unknown, or no limit. */
export interface StatusJson {
  readonly version: string;
  /** When the program started, as in RFC 3339. */
  readonly ["started_at"]: string;
  readonly state: "starting" | "ready" | "draining";
  /** The number of threads that carry connections. */
  readonly workers: number;
  /** Open sessions. */
  readonly sessions: number;
  readonly apps: readonly AppJson[];
}

interface AppJson extends PoolJson {
  readonly name: string;
  readonly listeners: readonly string[];
  readonly balance: string;
  readonly sessions: number | null;
  readonly ["max_connections"]: number | null;
  readonly routes: readonly ({ readonly route: string } & PoolJson)[];
}

interface PoolJson {
  readonly targets: readonly TargetJson[];
  /** Discovered names without a target at the moment. */
  readonly undiscovered: readonly string[];
}

interface TargetJson {
  readonly address: string;
  readonly state: "up" | "down" | "ejected";
  readonly weight: number;
  /** The effective weight: less during a slow start. */
  readonly ["current_weight"]: number;
  readonly backup: boolean;
  readonly connections: number | null;
  readonly ["max_connections"]: number | null;
  /** The name that discovery found it by; `null` for a configured target. */
  readonly ["discovered_by"]: string | null;
}

function appJson({ name, listeners, balance, sessions, maxConnections, own, routes }: AppStatus): AppJson {
  return {
    name,
    listeners: listeners.map(formatAddress),
    balance,
    sessions: sessions ?? null,
    max_connections: finite(maxConnections),
    ...poolJson(own),
    routes: routes.map(({ name, pool }) => ({ route: name, ...poolJson(pool) })),
  };
}

function poolJson({ targets, emptyEntries }: PoolSnapshot): PoolJson {
  return { targets: targets.map(targetJson), undiscovered: emptyEntries };
}

function targetJson(target: TargetSnapshot): TargetJson {
  return {
    address: target.label,
    state: target.health,
    weight: target.weight,
    current_weight: Math.round(target.currentWeight * 1000) / 1000,
    backup: target.tier > 0,
    connections: target.active ?? null,
    max_connections: finite(target.maxConnections),
    discovered_by: target.foundBy ?? null,
  };
}

function finite(value: number): number | null {
  return value === Infinity ? null : value;
}
