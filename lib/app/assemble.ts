/**
 * From config to parts: the only place that knows both.
 *
 * @module
 */
import type { Clock, Random } from "../base/mod.ts";
import type { AppConfig } from "../config/mod.ts";
import { Dialer, type Starvation } from "../dial/mod.ts";
import { type AccessList, CidrSet, type ClientLimiter, ClientTable } from "../limits/mod.ts";
import type { Candidate, Pool, PoolOptions, Target } from "../pool/mod.ts";
import type { BufferPool, Ticker } from "../relay/mod.ts";
import type { RouteFacts, RouteTable } from "../routing/mod.ts";
import type { AdmissionRules, IntakeRules, SessionApp } from "../session/mod.ts";
import { engineFor, faultsFor } from "./select_engine.ts";
import type { TlsFiles } from "./tls_files.ts";
import type { TargetRef, WorkerAppContext } from "./worker_app_context.ts";
import type { AppObserver } from "./observer.ts";
import { poolsOf } from "./pools.ts";
import { accessOf } from "./routes.ts";
import { targetSpec } from "./target_spec.ts";
import { type AppTls, appTls } from "./tls.ts";
import { monitorsOf, type TargetMonitor } from "./target_monitor.ts";

/** What the parts of all apps share. */
export interface AssembleOptions {
  readonly ticker: Ticker;
  readonly buffers: BufferPool;
  readonly clock: Clock;
  readonly random: Random;
  readonly observer: AppObserver;
  /** When the proxy began, on the clock. */
  readonly startedMs: number;
  readonly starvation: Starvation;
  /** The texts of the app's files. */
  readonly tlsFiles: TlsFiles;
  /** Ends the sessions of a target that went down. */
  closeSessionsOf(target: Target): void;
  /** What another thread leads; default all is this thread's own. */
  readonly followed?: FollowedParts | undefined;
}

/** The app as another thread leads it, and who is told how its connections went. */
export interface FollowedParts {
  readonly app: WorkerAppContext;
  report(target: Omit<TargetRef, "app">, outcome: "succeeded" | "failed"): void;
}

/** An app's compiled parts: what its sessions need, and what lives beside them. */
export interface AppParts {
  readonly session: SessionApp;
  readonly access: AccessList | undefined;
  readonly routes: RouteTable<Pool> | undefined;
  /** The pool of the app's own targets; `undefined` where it has routes alone. */
  readonly ownPool: Pool | undefined;
  /** All pools: the app's own, where there is one, then each route's. */
  readonly pools: readonly Pool[];
  /** What keeps the pools true, the app's own and the routes'; none where another thread does. */
  readonly monitors: readonly TargetMonitor[];
  readonly tls: AppTls;
}

/**
 * Builds what one app needs. Listens nowhere and starts nothing.
 *
 * @throws {TlsError} when a certificate cannot work.
 */
export async function assembleApp(config: AppConfig, options: AssembleOptions): Promise<AppParts> {
  const tls = await appTls(config, options.tlsFiles);
  const { followed, random, observer } = options;
  const { all: pools, sources, own: ownPool, routes } = poolsOf(config, {
    ...options,
    known: followed?.app.pools,
    hooks: (pool) => followed === undefined ? {} : { onReport: reporter(pool, followed) },
  });
  const access = accessOf(config);
  return {
    access,
    routes,
    ownPool,
    pools,
    tls,
    monitors: followed !== undefined
      ? []
      : monitorsOf({ all: pools, sources }, config, { tls, random, observer }),
    session: {
      name: config.name,
      dialer: dialerOf(config, options),
      idleTimeoutMs: config.idleTimeoutMs,
      halfCloseTimeoutMs: config.halfCloseTimeoutMs,
      maxLifetimeMs: config.maxLifetimeMs,
      keepalive: config.keepalive,
      queueTimeoutMs: config.queueTimeoutMs,
      intake: intakeOf(config, tls),
      admission: admissionOf(config, access, followed),
      secureTarget: tls.secureTarget,
      sendsProxy: sendsProxy(config),
      routesByProtocol: config.routes.some(({ alpn }) => alpn.length > 0),
      poolFor: routes === undefined
        ? () => ownPool
        : (facts: RouteFacts | undefined) => routes.match(facts ?? NO_FACTS)?.value ?? ownPool,
      engine: engineFor(config.bandwidth, options),
      faultsFor: faultsFor(config, { ...options, faultCounter: followed?.app.faultCounter }),
    },
  };
}

const NO_FACTS: RouteFacts = { sni: undefined, alpn: [] };

function reporter(pool: number, followed: FollowedParts): PoolOptions["onReport"] {
  return (target, outcome) => followed.report({ pool, ...target }, outcome);
}

function sendsProxy(config: AppConfig): boolean {
  const targets = [...config.targets, ...config.routes.flatMap((route) => route.targets)];
  return targets.some((target) => targetSpec(target, config).sendProxy !== undefined);
}

function dialerOf(config: AppConfig, { observer, starvation }: AssembleOptions): Dialer<Candidate> {
  return new Dialer<Candidate>({
    starvation,
    connectTimeoutMs: config.connectTimeoutMs,
    connectDeadlineMs: config.connectDeadlineMs,
    observer: {
      dialed: () => {},
      dialFailed: () => {},
      dialStarved: (_candidate, error) => observer.dialStarved(config.name, error),
    },
  });
}

function intakeOf(config: AppConfig, tls: AppTls): IntakeRules | undefined {
  const { proxyProtocol: { accept, from, timeoutMs }, routes } = config;
  if (accept === "off" && routes.length === 0 && tls.intake === undefined) return undefined;
  return {
    ...(tls.intake === undefined ? {} : { tls: tls.intake }),
    ...(accept === "required" ? { proxyHeader: { trusted: new CidrSet(from), timeoutMs } } : {}),
    ...(routes.length > 0 ? { clientHello: { timeoutMs: config.clientHelloTimeoutMs } } : {}),
  };
}

function admissionOf(
  config: AppConfig,
  access: AccessList | undefined,
  followed: FollowedParts | undefined,
): AdmissionRules | undefined {
  const clients = followed === undefined ? clientTableOf(config) : followed.app.clients;
  return access === undefined && clients === undefined ? undefined : { access, clients };
}

function clientTableOf(config: AppConfig): ClientLimiter | undefined {
  const { maxConnectionsPerClient: maxConnections, acceptRatePerClient: acceptRate } = config;
  if (maxConnections === Infinity && acceptRate === undefined) return undefined;
  return new ClientTable({ maxConnections, acceptRate });
}
