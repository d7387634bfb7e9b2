import { readProxy, readSessions } from "../../../lib/cli/running/read_view.ts";
import type { ProxyView, SessionsView } from "../../../lib/cli/running/view.ts";

const START = Date.parse("2026-03-01T00:00:00.000Z");

/** What the fixture's counters have come to after so many seconds. */
export interface Moment {
  readonly seconds: number;
}

const SPREAD = { count: 9, mean: 1.2, p50: 0.8, p90: 2.2, p99: 14.2 };

function target(
  address: string,
  more: Record<string, unknown> = {},
  traffic: Record<string, unknown> = {},
): unknown {
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
    ...more,
    traffic: {
      connections: 0,
      bytes_up: 0,
      bytes_down: 0,
      dials: { connected: 9, failed: 0 },
      dial_ms: SPREAD,
      ...traffic,
    },
  };
}

function traffic(connections: number, up: number, down: number): unknown {
  return {
    connections,
    bytes_up: up,
    bytes_down: down,
    ended: { client_closed: 12, no_target: 1, idle_timeout: 0 },
    dial_ms: SPREAD,
    session_ms: SPREAD,
  };
}

/** What "web" has sent: in each second another part of a wave. */
function bytesDown(seconds: number): number {
  return seconds <= 0 ? 0 : bytesDown(seconds - 1) + 256 * 1024 * (1 + seconds * 5 % 7);
}

/** A body of `GET /api/status` with a bit of everything, hostile names included. */
export function statusBody({ seconds }: Moment): Record<string, unknown> {
  const web = {
    connections: 100 + 5 * seconds,
    ["bytes_up"]: 1000 * seconds,
    ["bytes_down"]: bytesDown(seconds),
  };
  const time = (ms: number): string => new Date(START + ms).toISOString();
  return {
    version: "1.2.3",
    started_at: time(0),
    now: time(90_061_000 + seconds * 1000),
    state: "ready",
    workers: 2,
    sessions: 36,
    config: {
      path: "/etc/tcpproxy/config.yaml",
      hash: "3f2a1b3f2a1b",
      loaded_at: time(0),
      last_reload: {
        at: time(90_000_000),
        result: "failed",
        trigger: "SIGHUP",
        detail: "port already in use",
      },
    },
    traffic: traffic(web.connections + 40, web.bytes_up, web.bytes_down),
    apps: [
      {
        name: "web",
        state: "accepting",
        listeners: ["[::]:443", "127.0.0.1:8443"],
        balance: "least_connections",
        sessions: 24,
        max_connections: 100,
        traffic: traffic(web.connections, web.bytes_up, web.bytes_down),
        faults: [],
        targets: [
          target("10.0.0.1:80", { connections: 14, weight: 3, configured_weight: 1 }, web),
          target("10.0.0.2:80", { connections: 10 }),
          target("10.0.0.3:80", { state: "down", detail: "connection refused", since: time(90_000_000) }),
          target("10.0.0.4:80", { backup: true, admin: "drain" }),
        ],
        undiscovered: ["db.internal:80"],
        routes: [{
          route: "routes[0] (sni *.example.com)",
          targets: [target("10.1.0.1:443", {}, { dials: { connected: 1, failed: 3 } })],
          undiscovered: [],
        }],
      },
      {
        name: "straße-日本語",
        state: "paused",
        listeners: ["[::]:5432"],
        balance: "random",
        sessions: 12,
        max_connections: null,
        traffic: traffic(40, 0, 0),
        faults: [{
          kind: "latency",
          amount: "100ms",
          clients: [],
          since: time(0),
          expires_at: null,
          source: "api",
        }],
        targets: [
          target("a-database-with-a-long-name.internal.example.com:5432", {
            connections: 12,
            discovered_by: "db",
          }),
          target("10.0.0.9:5432", {
            state: "ejected",
            detail: "3 of 3 connections failed within 30s",
            since: time(90_051_000),
          }),
        ],
        undiscovered: [],
        routes: [],
      },
      {
        name: "evil\u001b[31m\u202ename",
        state: "accepting",
        listeners: ["unix:/run/evil.sock"],
        balance: "first",
        sessions: null,
        max_connections: null,
        traffic: traffic(0, 0, 0),
        faults: [],
        targets: [target("10.0.0.7:1", { state: "down", admin: "down", connections: null })],
        undiscovered: [],
        routes: [],
      },
    ],
  };
}

/** A body of `GET /api/sessions`. */
export function sessionsBody({ seconds }: Moment): Record<string, unknown> {
  const one = (id: number, more: Record<string, unknown>): unknown => ({
    id,
    app: "web",
    listener: "[::]:443",
    client: `192.0.2.${id}:40001`,
    target: "10.0.0.1:80",
    state: "relaying",
    sni: null,
    started_at: new Date(START).toISOString(),
    age_ms: 60_000 * id + seconds * 1000,
    idle_ms: 0,
    bytes_up: 100,
    bytes_down: 1000 * id * seconds,
    connect_ms: 0.7,
    tries: 1,
    worker: 1,
    ...more,
  });
  return {
    total: 36,
    matched: 36,
    sessions: [
      one(1, { sni: "www.example.com" }),
      one(2, { state: "dialing", target: null, connect_ms: null, bytes_down: 0, idle_ms: 4000 }),
      one(3, {
        client: "[2001:db8:1234:5678:9abc:def0:1234:5678]:65535",
        sni: "x\u001b]0;pwned\u0007.example",
      }),
      one(4, {
        app: "straße-日本語",
        target: "a-database-with-a-long-name.internal.example.com:5432",
        tries: 3,
      }),
    ],
  };
}

/** {@link statusBody}, as it is read. */
export function proxyAt(moment: Moment): ProxyView {
  return readProxy(statusBody(moment));
}

/** {@link sessionsBody}, as it is read. */
export function sessionsAt(moment: Moment): SessionsView {
  return readSessions(sessionsBody(moment));
}
