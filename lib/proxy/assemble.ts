/**
 * From config to parts: the only place that knows both.
 *
 * @module
 */
import type { Clock, Random } from "../base/mod.ts";
import type { AppConfig, TargetConfig } from "../config/mod.ts";
import { Dialer } from "../dial/mod.ts";
import { type AccessList, CidrSet, ClientTable } from "../limits/mod.ts";
import { type Candidate, Pool, type Target } from "../pool/mod.ts";
import type { BufferPool, Ticker } from "../relay/mod.ts";
import type { RouteFacts, RouteTable } from "../routing/mod.ts";
import type { AdmissionRules, IntakeRules, SessionApp } from "../session/mod.ts";
import { engineFor, faultsFor } from "./engine.ts";
import type { AppMaterials } from "./materials.ts";
import type { ProxyObserver } from "./observer.ts";
import { accessOf, routesOf } from "./rules.ts";
import { specOf } from "./specs.ts";
import { type AppTls, appTls } from "./tls.ts";
import { Upkeep } from "./upkeep.ts";

/** What the parts of all apps share. */
export interface AssembleOptions {
  readonly ticker: Ticker;
  readonly buffers: BufferPool;
  readonly clock: Clock;
  readonly random: Random;
  readonly observer: ProxyObserver;
  /** The texts of the app's files. */
  readonly materials: AppMaterials;
  /** Ends the sessions of a target that went down. */
  closeSessionsOf(target: Target): void;
}

/** An app's compiled parts: what its sessions need, and what lives beside them. */
export interface AppParts {
  readonly session: SessionApp;
  readonly access: AccessList | undefined;
  readonly routes: RouteTable<Pool> | undefined;
  /** The pool of the app's own targets; `undefined` where it has routes alone. */
  readonly ownPool: Pool | undefined;
  /** What keeps the pools true, the app's own and the routes'. */
  readonly upkeeps: readonly Upkeep[];
}

/**
 * Builds what one app needs. Listens nowhere and starts nothing.
 *
 * @throws {TlsError} when a certificate cannot work.
 */
export async function assembleApp(config: AppConfig, options: AssembleOptions): Promise<AppParts> {
  const tls = await appTls(config, options.materials);
  const upkeeps: Upkeep[] = [];
  const makePool = (targets: readonly TargetConfig[]): Pool => {
    const pool = poolOf(targets, config, options);
    upkeeps.push(
      new Upkeep(pool, { targets, config }, { tls, random: options.random, observer: options.observer }),
    );
    return pool;
  };
  const ownPool = config.targets.length > 0 ? makePool(config.targets) : undefined;
  const routes = routesOf(config, (route) => makePool(route.targets));
  const access = accessOf(config);
  return {
    access,
    routes,
    ownPool,
    upkeeps,
    session: {
      name: config.name,
      dialer: dialerOf(config, options),
      idleTimeoutMs: config.idleTimeoutMs,
      halfCloseTimeoutMs: config.halfCloseTimeoutMs,
      maxLifetimeMs: config.maxLifetimeMs,
      queueTimeoutMs: config.queueTimeoutMs,
      intake: intakeOf(config, tls),
      admission: admissionOf(config, access),
      secureTarget: tls.secureTarget,
      sendsProxy: sendsProxy(config),
      poolFor: routes === undefined
        ? () => ownPool
        : (facts: RouteFacts | undefined) => routes.match(facts ?? NO_FACTS)?.value ?? ownPool,
      engine: engineFor(config.bandwidth, options),
      faultsFor: faultsFor(config, options),
    },
  };
}

const NO_FACTS: RouteFacts = { sni: undefined, alpn: [] };

function poolOf(targets: readonly TargetConfig[], config: AppConfig, options: AssembleOptions): Pool {
  const { random, clock, observer } = options;
  const passive = config.passiveHealth;
  const known = targets.filter((target) => target.discover === undefined);
  return new Pool(known.map((target) => specOf(target, config)), {
    balance: config.balance,
    random,
    clock,
    slowStartMs: config.slowStartMs,
    ...(passive === undefined ? {} : { passive }),
    observer: {
      targetChanged: (target, change, detail) => {
        observer.targetChanged(config.name, target, { change, detail });
        if (change === "down" && config.onTargetDown === "close") options.closeSessionsOf(target);
      },
    },
  });
}

function sendsProxy(config: AppConfig): boolean {
  const targets = [...config.targets, ...config.routes.flatMap((route) => route.targets)];
  return targets.some((target) => specOf(target, config).sendProxy !== undefined);
}

function dialerOf(config: AppConfig, { observer }: AssembleOptions): Dialer<Candidate> {
  return new Dialer<Candidate>({
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

function admissionOf(config: AppConfig, access: AccessList | undefined): AdmissionRules | undefined {
  const { maxConnectionsPerClient: maxConnections, acceptRatePerClient } = config;
  const counts = maxConnections !== Infinity || acceptRatePerClient !== undefined;
  if (access === undefined && !counts) return undefined;
  const clients = new ClientTable({
    maxConnections,
    ...(acceptRatePerClient === undefined ? {} : { acceptRatePerSecond: acceptRatePerClient }),
  });
  return { access, clients: counts ? clients : undefined };
}
