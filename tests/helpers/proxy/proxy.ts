import { type Clock, formatAddress } from "../../../lib/base/mod.ts";
import { type Config, resolveConfig } from "../../../lib/config/mod.ts";
import type { Transport } from "../../../lib/net/mod.ts";
import { Proxy, type ProxyObserver, type ProxyOptions } from "../../../lib/proxy/mod.ts";
import type { Session } from "../../../lib/session/mod.ts";
import { connectTo } from "../clients.ts";

/** A port in a config that stands for one that the system chooses; a config itself cannot say 0. */
export const ANY_PORT = 1;

/** Likewise, for an app that does not say where it listens: its target may well be port 1, where nobody listens. */
const UNSAID_PORT = 2;

/** What a test may say beside the app. */
export interface WithProxyOptions {
  /** The config's `shutdown`. */
  readonly shutdown?: Readonly<Record<string, unknown>>;
  /** Default `Math.random`. */
  readonly random?: () => number;
  /** Default: the runtime's timers. */
  readonly schedule?: ProxyOptions["schedule"];
  /** Default the runtime's monotonic clock. */
  readonly clock?: Clock;
  /** Default the runtime's sockets. */
  readonly transport?: Transport;
}

/** A proxy that runs for one test. */
export class TestProxy {
  readonly proxy: Proxy;
  readonly log: ProxyLog;

  constructor(proxy: Proxy, log: ProxyLog) {
    this.proxy = proxy;
    this.log = log;
  }

  /** The ports of its TCP listeners, in the order of the config. */
  get ports(): number[] {
    return this.proxy.listeners().flatMap(({ address }) => address.kind === "tcp" ? [address.port] : []);
  }

  /** The first of {@link TestProxy.ports}. */
  get port(): number {
    const [port] = this.ports;
    if (port === undefined) throw new Error("test proxy: it listens on no TCP port; expected one");
    return port;
  }

  /** A client of the first port; the test owns it. */
  connect(): Promise<Deno.TcpConn> {
    return connectTo(this.port);
  }

  /** Resolves when so many sessions are under way; no event announces a new one. */
  async underWay(count: number): Promise<void> {
    while (this.proxy.activeSessions() !== count) await new Promise((resolve) => setTimeout(resolve, 1));
  }

  /** The next session that ends, or has ended and was not asked for. */
  outcome(): Promise<Session> {
    return this.log.outcome();
  }

  /** The next so many sessions that end. */
  outcomes(count: number): Promise<Session[]> {
    return Promise.all(Array.from({ length: count }, () => this.outcome()));
  }
}

/** An observer that keeps all events. */
export class ProxyLog implements ProxyObserver {
  readonly defects: unknown[] = [];
  readonly drainReports: { left: number; leftMs: number }[] = [];
  readonly expiring: string[] = [];
  readonly pauses: string[] = [];
  readonly socketFiles: string[] = [];
  readonly resumes: string[] = [];
  readonly leftOut: string[] = [];
  readonly loops: string[] = [];
  readonly targetChanges: string[] = [];
  /** What each of {@link ProxyLog.targetChanges} was about. */
  readonly changeDetails: string[] = [];
  readonly #ended: Session[] = [];
  readonly #waiting: ((session: Session) => void)[] = [];

  outcome(): Promise<Session> {
    const session = this.#ended.shift();
    if (session !== undefined) return Promise.resolve(session);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** All sessions that have ended, asked for or not. */
  readonly endedSoFar: Session[] = [];

  sessionEnded(session: Session): void {
    this.endedSoFar.push(session);
    const resolve = this.#waiting.shift();
    if (resolve === undefined) this.#ended.push(session);
    else resolve(session);
  }

  acceptPaused(...[address]: Parameters<ProxyObserver["acceptPaused"]>): void {
    this.pauses.push(formatAddress(address));
  }

  acceptResumed(...[address]: Parameters<ProxyObserver["acceptResumed"]>): void {
    this.resumes.push(formatAddress(address));
  }

  targetChanged(...[app, target, { change, detail }]: Parameters<ProxyObserver["targetChanged"]>): void {
    this.targetChanges.push(`${app} ${target.label} ${change}`);
    this.changeDetails.push(detail);
  }

  discoveryFailing(): void {}

  discoveryRecovered(): void {}

  discoveryLeftOut(
    ...[app, name, { address, why }]: Parameters<ProxyObserver["discoveryLeftOut"]>
  ): void {
    this.leftOut.push(`${app} ${name} ${address}: ${why}`);
  }

  targetLeadsBack(...[app, { label }, way]: Parameters<ProxyObserver["targetLeadsBack"]>): void {
    this.loops.push(`${app} ${label}: ${way}`);
  }

  certificateExpiring(
    { app, file, message, severity }: Parameters<ProxyObserver["certificateExpiring"]>[0],
  ): void {
    this.expiring.push(`${severity} ${app} ${file}: ${message}`);
  }

  socketFileChanged(
    ...[app, path, { state, isReloadable }]: Parameters<ProxyObserver["socketFileChanged"]>
  ): void {
    this.socketFiles.push(`${app} ${path} ${state}${isReloadable ? ", reload" : ""}`);
  }

  draining(left: number, leftMs: number): void {
    this.drainReports.push({ left, leftMs });
  }

  dialStarved(_app: string, error: unknown): void {
    this.defects.push(error);
  }

  defect(error: unknown): void {
    this.defects.push(error);
  }
}

/**
 * Runs a proxy with one app in this process and stops it when `use` has returned. Without `listen` or `ports` the app
 * listens on a port of 127.0.0.1 that the system chooses.
 */
export async function withProxy<T>(
  app: Readonly<Record<string, unknown>>,
  use: (proxy: TestProxy) => Promise<T>,
  options: WithProxyOptions = {},
): Promise<T> {
  const log = new ProxyLog();
  const config = configOf({ apps: [app], ...(options.shutdown && { shutdown: options.shutdown }) });
  const proxy = await Proxy.start(config, {
    observer: log,
    ...(options.random && { random: options.random }),
    schedule: options.schedule,
    ...(options.clock && { clock: options.clock }),
    ...(options.transport && { transport: options.transport }),
  });
  let result: T;
  try {
    result = await use(new TestProxy(proxy, log));
  } finally {
    await proxy.stop();
  }
  if (log.defects.length > 0) throw log.defects[0];
  return result;
}

/** A config in which an app may leave out its name and where it listens, and {@link ANY_PORT} is any free port. */
export function configOf(
  root: { readonly apps: readonly Readonly<Record<string, unknown>>[] } & Readonly<Record<string, unknown>>,
): Config {
  const config = resolveConfig({
    ...root,
    apps: root.apps.map((app, index) => ({
      name: `app-${index + 1}`,
      ...("listen" in app || "ports" in app ? {} : { listen: [`127.0.0.${index + 1}:${UNSAID_PORT}`] }),
      ...app,
    })),
  }, { source: "test" });
  return {
    ...config,
    apps: config.apps.map((app) => ({
      ...app,
      listen: app.listen.map((address) =>
        address.kind === "tcp" && isAnyPort(address.port) ? { ...address, port: 0 } : address
      ),
    })),
  };
}

function isAnyPort(port: number): boolean {
  return port === ANY_PORT || port === UNSAID_PORT;
}
