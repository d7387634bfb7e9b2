import { assertEquals } from "@std/assert";
import type { ConfigState } from "../../../lib/admin/mod.ts";
import type { FaultSnapshot, PoolSnapshot, TargetSnapshot } from "../../../lib/app/mod.ts";
import { parseCidr } from "../../../lib/base/mod.ts";
import { configHash } from "../../../lib/config/mod.ts";
import { type CountersSnapshot, ThreadCounters } from "../../../lib/metrics/mod.ts";
import { Target } from "../../../lib/pool/mod.ts";
import { QuietProxy, reloadsOf, withAdmin } from "../../helpers/proxy/admin.ts";

const TARGET: TargetSnapshot = {
  address: { kind: "tcp", host: "10.0.0.1", port: 80 },
  label: "10.0.0.1:80",
  tier: 0,
  weight: 3,
  configuredWeight: 1,
  currentWeight: 1 / 3,
  health: "ejected",
  detail: "for 10s, after 3 connections in a row failed",
  changedAtMs: Date.UTC(2026, 0, 2, 3, 4),
  admin: "drain",
  active: 2,
  maxConnections: 5,
  isFull: false,
  foundBy: undefined,
  discover: undefined,
};
const FOUND: TargetSnapshot = {
  ...TARGET,
  label: "10.0.0.2:80",
  tier: 1,
  configuredWeight: 3,
  detail: "",
  changedAtMs: undefined,
  admin: "ready",
  currentWeight: 3,
  health: "down",
  active: undefined,
  maxConnections: Infinity,
  foundBy: "db.internal:80",
};
const FAULT: FaultSnapshot = {
  fault: {
    kind: "latency",
    amountMs: 100,
    jitterMs: 0,
    direction: "both",
    probability: 1,
    clients: [parseCidr("10.0.0.0/8")],
    expiresMs: 600_000,
    seed: undefined,
  },
  sinceMs: Date.UTC(2026, 0, 2, 3),
  expiresAtMs: Date.UTC(2026, 0, 2, 3, 10),
  source: "api",
};
const STATE: ConfigState = {
  path: "/etc/tcpproxy.yaml",
  loadedAt: new Date(Date.UTC(2026, 0, 2, 3, 4, 5)),
  lastReload: {
    at: new Date(Date.UTC(2026, 0, 2, 3, 4, 6)),
    result: "failed",
    trigger: "SIGHUP",
    detail: "port already in use",
  },
  reloads: { succeeded: 0, failed: 1 },
};
const TRAFFIC = {
  connections: 3,
  "bytes_up": 7,
  "bytes_down": 9,
  ended: { "client_closed": 1 },
  "dial_ms": { count: 1, mean: 30, p50: 27.5, p90: 29.5, p99: 29.95 },
  "session_ms": { count: 1, mean: 8, p50: 6.5, p90: 7.7, p99: 7.97 },
};
const COUNTERS = countersOf("web", "10.0.0.2:80");
const POOLS: readonly PoolSnapshot[] = [
  { targets: [TARGET, FOUND], emptyEntries: ["other.internal:80"] },
  { targets: [], emptyEntries: [] },
];

Deno.test("GET /api/status: is a snapshot, with null for unknown or unlimited", async () => {
  const app = {
    name: "web",
    listen: ["127.0.0.1:7001", "unix:/run/x"],
    targets: ["10.0.0.1:80"],
    routes: [{ sni: ["x.example"], targets: ["10.0.0.3:80"] }],
  };
  const proxy = new QuietProxy([app], {
    workers: 4,
    sessions: 7,
    sessionsOf: () => undefined,
    pools: () => POOLS,
    isPaused: () => true,
    faults: () => [FAULT],
  });
  proxy.counters = COUNTERS;
  await withAdmin({ proxy, reloads: { ...reloadsOf(proxy), state: STATE } }, async (admin) => {
    const { status, headers, text } = await admin.ask("/api/status");
    assertEquals([status, headers.get("content-type")], [200, "application/json"]);
    const { started_at: startedAt, now, ...rest } = JSON.parse(text);
    for (const time of [startedAt, now]) assertEquals(new Date(time).toISOString(), time);
    assertEquals(rest, {
      version: "1.2.3",
      state: "ready",
      workers: 4,
      sessions: 7,
      config: {
        path: "/etc/tcpproxy.yaml",
        hash: await configHash(proxy.config()),
        loaded_at: "2026-01-02T03:04:05.000Z",
        last_reload: {
          at: "2026-01-02T03:04:06.000Z",
          result: "failed",
          trigger: "SIGHUP",
          detail: "port already in use",
        },
      },
      traffic: TRAFFIC,
      apps: [{
        name: "web",
        state: "paused",
        listeners: ["127.0.0.1:7001", "unix:/run/x"],
        balance: "random",
        sessions: 2,
        max_connections: null,
        traffic: TRAFFIC,
        faults: [{
          kind: "latency",
          amount: "100ms",
          jitter: "0s",
          direction: "both",
          probability: 1,
          clients: ["10.0.0.0/8"],
          expires: "10m",
          since: "2026-01-02T03:00:00.000Z",
          expires_at: "2026-01-02T03:10:00.000Z",
          source: "api",
        }],
        targets: [
          {
            address: "10.0.0.1:80",
            state: "ejected",
            admin: "drain",
            detail: "for 10s, after 3 connections in a row failed",
            since: "2026-01-02T03:04:00.000Z",
            weight: 3,
            configured_weight: 1,
            current_weight: 0.333,
            backup: false,
            connections: 2,
            max_connections: 5,
            discovered_by: null,
            traffic: {
              connections: 0,
              bytes_up: 0,
              bytes_down: 0,
              dials: { connected: 0, failed: 0 },
              dial_ms: null,
            },
          },
          {
            address: "10.0.0.2:80",
            state: "down",
            admin: "ready",
            detail: null,
            since: null,
            weight: 3,
            configured_weight: 3,
            current_weight: 3,
            backup: true,
            connections: 2,
            max_connections: null,
            discovered_by: "db.internal:80",
            traffic: {
              connections: 1,
              bytes_up: 7,
              bytes_down: 9,
              dials: { connected: 1, failed: 2 },
              dial_ms: { count: 1, mean: 30, p50: 27.5, p90: 29.5, p99: 29.95 },
            },
          },
        ],
        undiscovered: ["other.internal:80"],
        routes: [{ route: "routes[0] (sni x.example)", targets: [], undiscovered: [] }],
      }],
    });
  });
});

/** Three connections to an app: one that has ended, two to a target that last. */
function countersOf(app: string, label: string): CountersSnapshot {
  const counters = new ThreadCounters({ thread: "main", targets: () => [{ label, active: 2 }] });
  const counted = counters.app(app);
  for (let count = 0; count < 3; count++) counted.sessionBegan();
  counted.dialed(label, 30);
  counted.dialFailed(label, "ECONNREFUSED");
  counted.dialFailed(label, "ETIMEDOUT");
  const target = new Target({ address: { kind: "unix", path: label }, label }).at(0);
  const flows = { up: { bytes: 7 }, down: { bytes: 9 } };
  counted.sessionEnded({ reason: "client_closed", ...flows, target, startedMs: 0, endedMs: 8 });
  return counters.snapshot();
}
