/**
 * From config to parts: the only place that knows both.
 *
 * @module
 */
import type { Clock, Random } from "../base/mod.ts";
import type { AppConfig, RouteConfig, TargetConfig } from "../config/mod.ts";
import { Dialer } from "../dial/mod.ts";
import { AccessList, CidrSet, ClientTable } from "../limits/mod.ts";
import { type Candidate, Pool, type TargetSpec } from "../pool/mod.ts";
import type { BufferPool, Ticker } from "../relay/mod.ts";
import { type RouteFacts, RouteTable } from "../routing/mod.ts";
import type { AdmissionRules, IntakeRules, SessionApp } from "../session/mod.ts";
import { engineFor } from "./engine.ts";
import type { ProxyObserver } from "./observer.ts";

/** What the parts of all apps share. */
export interface AssembleOptions {
  readonly ticker: Ticker;
  readonly buffers: BufferPool;
  readonly clock: Clock;
  readonly random: Random;
  readonly observer: ProxyObserver;
}

/** An app's compiled parts: what its sessions need, and what lives beside them. */
export interface AppParts {
  readonly session: SessionApp;
  readonly access: AccessList | undefined;
  readonly routes: RouteTable<Pool> | undefined;
  /** The pool of the app's own targets; `undefined` where it has routes alone. */
  readonly ownPool: Pool | undefined;
  /** All pools: the app's own and the routes'. */
  readonly pools: readonly Pool[];
}

/** Builds what one app needs. Opens nothing and starts nothing. */
export function assembleApp(config: AppConfig, options: AssembleOptions): AppParts {
  const makePool = (targets: readonly TargetConfig[]): Pool => poolOf(targets, config, options);
  const ownPool = config.targets.length > 0 ? makePool(config.targets) : undefined;
  const rules = config.routes.map((route) => ({ ...ruleOf(route), value: makePool(route.targets) }));
  const routes = rules.length > 0 ? new RouteTable<Pool>(rules) : undefined;
  const access = config.allow.length + config.deny.length > 0
    ? new AccessList({ allow: config.allow, deny: config.deny })
    : undefined;
  const pools = [...(ownPool === undefined ? [] : [ownPool]), ...rules.map((rule) => rule.value)];
  return {
    access,
    routes,
    ownPool,
    pools,
    session: {
      name: config.name,
      dialer: dialerOf(config, options),
      idleTimeoutMs: config.idleTimeoutMs,
      halfCloseTimeoutMs: config.halfCloseTimeoutMs,
      maxLifetimeMs: config.maxLifetimeMs,
      queueTimeoutMs: config.queueTimeoutMs,
      intake: intakeOf(config),
      admission: admissionOf(config, access),
      secureTarget: undefined,
      sendsProxy: pools.some((pool) => pool.targets.some((target) => target.sendProxy !== undefined)),
      poolFor: routes === undefined
        ? () => ownPool
        : (facts: RouteFacts | undefined) => routes.match(facts ?? NO_FACTS)?.value ?? ownPool,
      engine: engineFor(config.bandwidth, options),
      faultsFor: () => undefined,
    },
  };
}

const NO_FACTS: RouteFacts = { sni: undefined, alpn: [] };

function ruleOf(route: RouteConfig): { sni?: readonly string[]; alpn?: readonly string[] } {
  return {
    ...(route.sni.length > 0 ? { sni: route.sni } : {}),
    ...(route.alpn.length > 0 ? { alpn: route.alpn } : {}),
  };
}

function poolOf(targets: readonly TargetConfig[], config: AppConfig, options: AssembleOptions): Pool {
  const { random, clock, observer } = options;
  const passive = config.passiveHealth;
  return new Pool(targets.map((target) => specOf(target, config)), {
    balance: config.balance,
    random,
    clock,
    slowStartMs: config.slowStartMs,
    ...(passive === undefined ? {} : { passive }),
    observer: {
      targetChanged: (target, change, detail) =>
        observer.targetChanged(config.name, target, { change, detail }),
    },
  });
}

/** What the pool is told of a target of the config. */
export function specOf(target: TargetConfig, config: AppConfig): TargetSpec {
  const send = target.proxyProtocol ?? config.proxyProtocol.send;
  return {
    address: target.address,
    label: target.label,
    weight: target.weight,
    tier: target.backup ? 1 : 0,
    maxConnections: target.maxConnections,
    sendProxy: send === "off" ? undefined : send,
  };
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

function intakeOf(config: AppConfig): IntakeRules | undefined {
  const { proxyProtocol: { accept, from, timeoutMs }, routes } = config;
  if (accept === "off" && routes.length === 0) return undefined;
  return {
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
