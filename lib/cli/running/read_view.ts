/**
 * Reads what the admin API answers: leniently, because the proxy may be older or newer than this program. What is missing is
 * unknown; only what cannot be an answer of a tcpproxy is an error.
 *
 * @module
 */
import type {
  AppView,
  FaultView,
  PoolView,
  ProxyView,
  SessionsView,
  SessionView,
  SpreadView,
  TargetTrafficView,
  TargetView,
  TrafficView,
} from "./view.ts";

/** JSON that no tcpproxy answers with. */
export class ViewError extends Error {
  override readonly name = "ViewError";
}

type Json = Readonly<Record<string, unknown>>;

/** Reads the answer of `GET /api/status`. @throws {ViewError} when it is something else. */
export function readProxy(value: unknown): ProxyView {
  const json = record(value);
  if (typeof json.version !== "string" || !Array.isArray(json.apps)) {
    throw new ViewError("the answer is not the status of a tcpproxy; give the address of its admin API");
  }
  const config = record(json.config);
  const reload = config.last_reload === null || config.last_reload === undefined
    ? null
    : record(config.last_reload);
  const apps = json.apps.map(app);
  return {
    version: json.version,
    startedAtMs: time(json.started_at) ?? Date.now(),
    nowMs: time(json.now) ?? Date.now(),
    state: text(json.state),
    workers: number(json.workers) ?? 1,
    sessions: number(json.sessions) ?? 0,
    config: {
      path: textOrNull(config.path),
      hash: textOrNull(config.hash),
      loadedAtMs: time(config.loaded_at),
      lastReload: reload === null ? null : {
        atMs: time(reload.at),
        isDone: reload.result === "succeeded",
        trigger: text(reload.trigger),
        detail: textOrNull(reload.detail),
      },
    },
    traffic: traffic(json.traffic),
    apps,
  };
}

/** Reads the answer of `GET /api/sessions`. @throws {ViewError} when it is something else. */
export function readSessions(value: unknown): SessionsView {
  const json = record(value);
  if (!Array.isArray(json.sessions)) {
    throw new ViewError("the answer is not a list of sessions; give the address of a tcpproxy's admin API");
  }
  const sessions = json.sessions.map(readSession);
  return {
    total: number(json.total) ?? sessions.length,
    matched: number(json.matched) ?? sessions.length,
    sessions,
  };
}

/** Reads the answer of `GET /api/sessions/{id}`. */
export function readSession(value: unknown): SessionView {
  const json = record(value);
  return {
    id: typeof json.id === "number" ? String(json.id) : text(json.id),
    app: text(json.app),
    listener: text(json.listener),
    client: text(json.client),
    target: textOrNull(json.target),
    state: text(json.state),
    sni: textOrNull(json.sni),
    startedAtMs: time(json.started_at),
    ageMs: number(json.age_ms) ?? 0,
    idleMs: number(json.idle_ms) ?? 0,
    bytesUp: number(json.bytes_up) ?? 0,
    bytesDown: number(json.bytes_down) ?? 0,
    connectMs: number(json.connect_ms),
    tries: number(json.tries) ?? 0,
    worker: number(json.worker),
  };
}

function app(value: unknown): AppView {
  const json = record(value);
  return {
    name: text(json.name),
    state: json.state === undefined ? "accepting" : text(json.state),
    listeners: list(json.listeners).map(text),
    balance: text(json.balance),
    sessions: number(json.sessions),
    maxConnections: number(json.max_connections),
    traffic: traffic(json.traffic),
    faults: list(json.faults).map(readFault),
    ...pool(json),
    routes: list(json.routes).map((route) => ({ route: text(record(route).route), ...pool(record(route)) })),
  };
}

function pool(json: Json): PoolView {
  return { targets: list(json.targets).map(readTarget), undiscovered: list(json.undiscovered).map(text) };
}

/** Reads a target, as `GET /api/status` and `PATCH /api/apps/{app}/targets/{target}` give it. */
export function readTarget(value: unknown): TargetView {
  const json = record(value);
  const weight = number(json.weight) ?? 1;
  return {
    address: text(json.address),
    state: text(json.state),
    admin: json.admin === undefined ? "ready" : text(json.admin),
    detail: textOrNull(json.detail),
    sinceMs: time(json.since),
    weight,
    configuredWeight: number(json.configured_weight) ?? weight,
    currentWeight: number(json.current_weight) ?? weight,
    isBackup: json.backup === true,
    connections: number(json.connections),
    maxConnections: number(json.max_connections),
    discoveredBy: textOrNull(json.discovered_by),
    traffic: targetTraffic(json.traffic),
  };
}

/** What is shown elsewhere. */
const OWN_OF_FAULT: ReadonlySet<string> = new Set(["kind", "since", "expires", "expires_at", "source"]);

/** Options that say nothing, as nobody has set them. */
const DEFAULTS: ReadonlySet<string> = new Set(["direction both", "probability 1", "jitter 0s", "delay 0s"]);

/** Reads a fault, as `GET /api/status` and `GET /api/apps/{app}/faults` give it. */
export function readFault(value: unknown): FaultView {
  const json = record(value);
  const options = Object.entries(json)
    .filter(([key, value]) =>
      !OWN_OF_FAULT.has(key) && value !== null && !(Array.isArray(value) && value.length === 0)
    )
    .map(([key, value]) => `${key} ${Array.isArray(value) ? value.join(",") : value}`)
    .filter((option) => !DEFAULTS.has(option));
  return {
    kind: text(json.kind),
    options: options.join(", "),
    source: text(json.source),
    expiresAtMs: time(json.expires_at),
  };
}

function traffic(value: unknown): TrafficView {
  const json = record(value);
  return {
    connections: number(json.connections),
    bytesUp: number(json.bytes_up),
    bytesDown: number(json.bytes_down),
    ended: Object.fromEntries(
      Object.entries(record(json.ended)).map(([reason, count]) => [reason, number(count) ?? 0]),
    ),
    dialMs: spread(json.dial_ms),
  };
}

function targetTraffic(value: unknown): TargetTrafficView {
  const json = record(value);
  return {
    connections: number(json.connections),
    bytesUp: number(json.bytes_up),
    bytesDown: number(json.bytes_down),
    dialsFailed: number(record(json.dials).failed),
    dialMs: spread(json.dial_ms),
  };
}

function spread(value: unknown): SpreadView | null {
  const json = record(value);
  const [p50, p90, p99] = [number(json.p50), number(json.p90), number(json.p99)];
  return p50 === null || p90 === null || p99 === null ? null : { p50, p90, p99 };
}

function record(value: unknown): Json {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? value as Json : {};
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function textOrNull(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

function number(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

function time(value: unknown): number | null {
  return typeof value === "string" ? number(Date.parse(value)) : null;
}
