import {
  type AdminObserver,
  type AdminReloads,
  AdminServer,
  type AdminServerOptions,
  type ConfigState,
  EventHub,
} from "../../../lib/admin/mod.ts";
import type { Handler, Operation } from "../../../lib/admin/route.ts";
import {
  CaptureFiles,
  type CaptureRequest,
  type CaptureStart,
  type CaptureSummary,
} from "../../../lib/capture/mod.ts";
import { type CountersSnapshot, type MetricsSnapshot, NO_COUNTS } from "../../../lib/metrics/mod.ts";
import { Feed } from "../../../lib/log/mod.ts";
import { type Config, type FaultConfig, resolveConfig } from "../../../lib/config/mod.ts";
import { assumedSnapshot, type TargetSettingChange } from "../../../lib/app/mod.ts";
import type { SessionFacts, SessionFilter, SessionQuery } from "../../../lib/session/mod.ts";
import {
  type Carried,
  type ConnectionQuestion,
  type DiscoveryAnswer,
  explainConnection,
  type Explanation,
  metricsOf,
  type ProxyControl,
  type ProxyOperations,
  type ProxyStatus,
  type ReloadPlan,
  type ReloadResult,
  type RuntimeSnapshot,
  type SessionList,
  type SessionsEnded,
  statusOf,
  type TargetName,
} from "../../../lib/proxy/mod.ts";
import { checkDescribed } from "./api_description.ts";

/** A token that may be one. */
export const TOKEN = "0123456789abcdef";

/** Events of nothing. */
export function noEvents(): EventHub {
  return new EventHub({
    sessions: new Feed(),
    lines: new Feed(),
    onDefect: (error) => {
      throw error;
    },
  });
}

/** A live session. */
export const SESSION: SessionFacts = {
  id: 7,
  app: "web",
  listener: { kind: "tcp", host: "127.0.0.1", port: 7001 },
  client: { kind: "tcp", host: "192.0.2.7", port: 4444 },
  target: "10.0.0.1:80",
  state: "relaying",
  sni: undefined,
  ageMs: 4000.4,
  idleMs: 999.6,
  bytesUp: 12,
  bytesDown: 34,
  connectMs: 1.23456,
  tries: 1,
};

/** Operations of a proxy that carries nothing: they do nothing, and keep what they were asked. */
export class QuietOperations implements ProxyOperations {
  readonly asked: unknown[] = [];
  list: SessionList = { total: 1, matched: 1, sessions: [SESSION], incomplete: [] };
  /** How many sessions each request ends. */
  ended = 1;
  incomplete: readonly string[] = [];
  found: readonly DiscoveryAnswer[] = [];

  sessions(query: SessionQuery): Promise<SessionList> {
    this.asked.push(query);
    return Promise.resolve(this.list);
  }

  endSessions(filter: SessionFilter): Promise<SessionsEnded> {
    this.asked.push(filter);
    return Promise.resolve({ ended: this.ended, incomplete: this.incomplete });
  }

  setTarget(target: TargetName, change: TargetSettingChange): Promise<SessionsEnded> {
    this.asked.push([target, change]);
    return Promise.resolve({ ended: this.ended, incomplete: this.incomplete });
  }

  setPaused(app: string, isPaused: boolean): Promise<Carried> {
    this.asked.push([app, isPaused]);
    return Promise.resolve({ incomplete: this.incomplete });
  }

  setFaults(app: string, faults: readonly FaultConfig[]): Promise<Carried> {
    this.asked.push([app, faults]);
    return Promise.resolve({ incomplete: this.incomplete });
  }

  discoveries(): readonly DiscoveryAnswer[] {
    return this.found;
  }
}

/** A proxy that carries nothing: it can be asked, and is as its view says. */
export class QuietProxy implements ProxyControl {
  readonly #config: Config;
  readonly view: RuntimeSnapshot;
  /** What it has counted. */
  counters: CountersSnapshot = NO_COUNTS;
  certificates: MetricsSnapshot["certificates"] = [];
  readonly operations = new QuietOperations();
  /** What a reload comes to. */
  reloaded: ReloadResult = { kind: "done", diff: { apps: [], settings: [] }, apps: [], warnings: [] };
  /** What a reload would come to, and the config that it was asked for. */
  planned: ReloadPlan = { diff: { apps: [], settings: [] }, apps: [], problems: [] };
  plannedFor: Config | undefined;

  constructor(apps: readonly Record<string, unknown>[] = [APP], view: Partial<RuntimeSnapshot> = {}) {
    this.#config = resolveConfig({ apps }, { source: "test" });
    this.view = {
      listeners: this.#config.apps.flatMap(({ name: app, listen }) =>
        listen.map((address) => ({ app, address }))
      ),
      workers: 1,
      sessions: 0,
      isEnding: false,
      sessionsOf: () => 0,
      isPaused: () => false,
      faults: () => [],
      pools: (name) =>
        this.#config.apps.filter((app) => app.name === name).flatMap((app) => [
          ...app.targets.length > 0 ? [assumedSnapshot(app.targets, app)] : [],
          ...app.routes.map(({ targets }) => assumedSnapshot(targets, app)),
        ]),
      ...view,
    };
  }

  /** What {@link QuietProxy.isAlive} says, and how often it was asked. */
  readonly life = { isAlive: true, asked: 0 };

  isAlive(): Promise<boolean> {
    this.life.asked++;
    return Promise.resolve(this.life.isAlive);
  }

  listeners(): RuntimeSnapshot["listeners"] {
    return this.view.listeners;
  }

  config(): Config {
    return this.#config;
  }

  activeSessions(): number {
    return this.view.sessions;
  }

  status(): ProxyStatus {
    return statusOf(this.#config, this.view);
  }

  metrics(): Promise<MetricsSnapshot> {
    const workers = { count: this.view.workers, deaths: 0, restarts: 0 };
    return Promise.resolve(
      metricsOf(this.status(), { counters: this.counters, workers, certificates: this.certificates }),
    );
  }

  explain(question: ConnectionQuestion): Explanation {
    return explainConnection(this.#config, question, this.view);
  }

  reload(): Promise<ReloadResult> {
    return Promise.resolve(this.reloaded);
  }

  plan(next?: Config): Promise<ReloadPlan> {
    this.plannedFor = next;
    return Promise.resolve(this.planned);
  }

  /** Its captures end at once: it has no session that lives. */
  async capture(request: CaptureRequest): Promise<CaptureStart> {
    const start = await new CaptureFiles({ begin: () => true }).begin(request);
    if (start.kind === "begun") start.file.end("session ended");
    return start;
  }

  drain(): Promise<void> {
    return Promise.resolve();
  }

  stop(): Promise<void> {
    return Promise.resolve();
  }
}

/** An operation of a route that only a test has. */
export function operation(handle: Handler): Operation {
  return { summary: "", responses: {}, handle };
}

const APP = { name: "web", listen: ["127.0.0.1:7001"], targets: ["10.0.0.1:80"] };

/** Keeps what the admin API tells. */
export class AdminLog implements AdminObserver {
  readonly reported: string[] = [];
  readonly defects: unknown[] = [];

  adminFailing(): void {
    this.reported.push("failing");
  }

  adminRecovered(): void {
    this.reported.push("recovered");
  }

  captureBegan(what: string): void {
    this.reported.push(`capture of ${what}`);
  }

  captureEnded(what: string, { end }: CaptureSummary): void {
    this.reported.push(`capture of ${what} ended: ${end}`);
  }

  tokensGuessed(): void {
    this.reported.push("tokens guessed");
  }

  operated(what: string): void {
    this.reported.push(what);
  }

  defect(error: unknown): void {
    this.defects.push(error);
  }
}

/** Reloads of a proxy whose config has no file. */
export function reloadsOf(proxy: ProxyControl): AdminReloads {
  const reloads = { succeeded: 0, failed: 0 };
  const state: ConfigState = { path: undefined, loadedAt: new Date(0), lastReload: undefined, reloads };
  return { state, reload: () => proxy.reload(), plan: (config) => proxy.plan(config) };
}

/** An admin API that runs for one test, on a port of 127.0.0.1 that the system chooses. */
export class TestAdmin {
  readonly server: AdminServer;
  readonly log: AdminLog;

  constructor(server: AdminServer, log: AdminLog) {
    this.server = server;
    this.log = log;
  }

  get port(): number {
    return this.server.address.port;
  }

  get url(): URL {
    return new URL(`http://127.0.0.1:${this.port}`);
  }

  /** Asks, and gives the answer with its body read. What the API's description does not allow fails the test. */
  async ask(path: string, init: RequestInit = {}): Promise<Answer> {
    const url = new URL(path, this.url);
    const response = await fetch(url, { ...init, signal: AbortSignal.timeout(10_000) });
    const text = await response.text();
    const { status, headers } = response;
    checkDescribed({ method: init.method ?? "GET", path: url.pathname, status, headers, text });
    return { status, headers, text };
  }
}

/** An answer whose body is read. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** Runs an admin API in front of a proxy, and closes it when `use` has returned. */
export async function withAdmin(
  options: Partial<AdminServerOptions> & { readonly proxy?: ProxyControl | undefined },
  use: (admin: TestAdmin) => Promise<void>,
): Promise<void> {
  const { proxy = new QuietProxy(), ...rest } = options;
  const log = new AdminLog();
  const server: AdminServer = AdminServer.open({
    listen: { kind: "tcp", host: "127.0.0.1", port: 0 },
    token: undefined,
    version: "1.2.3",
    observer: log,
    reloads: reloadsOf(proxy),
    events: noEvents(),
    requestDrain: () => server.drain(),
    upgrade: () => Promise.resolve({ kind: "done", pid: 4711, version: "1.2.4" }),
    ...rest,
  });
  server.attach(proxy);
  try {
    await use(new TestAdmin(server, log));
  } finally {
    await server.close();
  }
}
