import { isPlainDial } from "../base/mod.ts";
import type { AppConfig } from "../config/parsed.ts";
import { Dialer, type DialerOptions, type FdPressure, LOOP } from "../dial/mod.ts";
import { CidrSet, type ClientLimiter } from "../limits/mod.ts";
import type { Transport } from "../net/mod.ts";
import { type Candidate, parseCheckBytes } from "../pool/mod.ts";
import type { RouteFacts } from "../routing/mod.ts";
import { type InspectRules, mysqlLogin, type SessionApp } from "../session/mod.ts";
import type { AppTargets } from "./targets/app_targets.ts";
import type { AppObserver } from "./app_observer.ts";
import type { AppTally } from "./app_tally.ts";
import { accessOf } from "./routes.ts";
import { engineFor, type EngineOptions } from "./select_engine.ts";
import { starttlsOf, talkLimit } from "./tls/starttls.ts";
import { targetSpec } from "./targets/target_spec.ts";
import type { AppTls } from "./tls/tls.ts";

export interface SessionAppOptions extends EngineOptions {
  readonly observer: Pick<AppObserver, "dialStarved" | "targetLeadsBack">;
  readonly tally: AppTally;
  readonly fdPressure: FdPressure;
  /** What dials; default the runtime's sockets. */
  readonly transport?: Transport | undefined;
  readonly tls: Pick<AppTls, "acceptor" | "secureTarget">;
  readonly targets: Pick<AppTargets, "own" | "routes">;
  /** The limits per client; `undefined` for none. */
  readonly clients: ClientLimiter | undefined;
  readonly faultsFor: SessionApp["faultsFor"];
}

/** Compiles the settings that the sessions of an app share. A session keeps its settings, whatever a reload changes. */
export function sessionApp(config: AppConfig, options: SessionAppOptions): SessionApp {
  const { tls, clients, targets: { own, routes } } = options;
  const access = accessOf(config);
  return {
    name: config.name,
    tally: options.tally,
    dialer: dialerOf(config, options),
    idleTimeoutMs: config.idleTimeoutMs,
    halfCloseTimeoutMs: config.halfCloseTimeoutMs,
    maxLifetimeMs: config.maxLifetimeMs,
    keepalive: config.keepalive,
    queueTimeoutMs: config.queueTimeoutMs,
    retry: config.retry,
    inspect: inspectRulesOf(config, tls),
    admission: access === undefined && clients === undefined ? undefined : { access, clients },
    // The MySQL login decides when TLS begins, so neither side starts it on its own.
    ...(config.starttls?.protocol === "mysql"
      ? { secureTarget: undefined, login: mysqlLoginOf(config, tls) }
      : { secureTarget: tls.secureTarget }),
    targetTalk: starttlsOf(config)?.target,
    sendsProxy: sendersOf(config).includes(true),
    speaksFirst: speaksFirst(config),
    tlvs: tlvRulesOf(config),
    hashKey: config.balance === "source_hash" && config.hashKey.kind !== "client"
      ? config.hashKey
      : undefined,
    routesByProtocol: config.routes.some(({ alpn }) => alpn.length > 0),
    poolFor: routes === undefined
      ? () => own
      : (facts: RouteFacts | undefined) => routes.match(facts ?? NO_FACTS)?.value ?? own,
    engine: engineFor(config.bandwidth, options),
    faultsFor: options.faultsFor,
  };
}

const NO_FACTS: RouteFacts = { sni: undefined, alpn: [] };

/** Whether each of its targets is sent a PROXY header. */
function sendersOf(config: AppConfig): boolean[] {
  const targets = [...config.targets, ...config.routes.flatMap((route) => route.targets)];
  return targets.map((target) => targetSpec(target, config).sendProxy !== undefined);
}

function speaksFirst(config: AppConfig): boolean {
  return (config.targetTls !== undefined && config.starttls === undefined) ||
    !sendersOf(config).includes(false);
}

/** Returns the app's rules for TLVs of PROXY headers; `undefined` where it has none. */
function tlvRulesOf({ proxyProtocol: { log, tlvs } }: AppConfig): SessionApp["tlvs"] {
  const { pass, add, ...known } = tlvs;
  const sendsAny = pass.length > 0 || add.length > 0 || Object.values(known).includes(true);
  if (!sendsAny && log.length === 0) return undefined;
  const fixed = add.map(({ type, value }) => ({ type, value: parseCheckBytes(value) }));
  return { log, send: sendsAny ? { ...known, pass, add: fixed } : undefined };
}

function mysqlLoginOf(config: AppConfig, tls: SessionAppOptions["tls"]): SessionApp["login"] {
  const options = {
    tls: tls.acceptor,
    secureTarget: tls.secureTarget,
    plain: config.starttls?.plain === "allow",
    timeoutMs: talkLimit(config),
  };
  return (ends, greeting) => mysqlLogin(ends, { ...options, greeting });
}

function dialerOf(
  config: AppConfig,
  { observer, tally, fdPressure, transport }: SessionAppOptions,
): Dialer<Candidate> {
  return new Dialer<Candidate>({
    fdPressure,
    ...dialingOf(config, transport),
    connectTimeoutMs: config.connectTimeoutMs,
    connectDeadlineMs: config.connectDeadlineMs,
    observer: {
      dialed: ({ target }, durationMs) => tally.dialed(target.label, durationMs),
      dialFailed: ({ target, code, message }) => {
        tally.dialFailed(target.target.label, code);
        if (code === LOOP) observer.targetLeadsBack(config.name, target, message);
      },
      dialStarved: (_candidate, error) => observer.dialStarved(config.name, error),
    },
  });
}

/** What dials: nothing of the settings is looked at where there are none. */
function dialingOf(
  { dialSockets }: AppConfig,
  transport: Transport | undefined,
): Pick<DialerOptions<Candidate>, "transport" | "asksWhom"> {
  if (transport === undefined) return {};
  if (isPlainDial(dialSockets)) return { transport };
  return {
    transport: transport.dialing?.(dialSockets) ?? transport,
    asksWhom: dialSockets.transparent || dialSockets.fastOpen,
  };
}

function inspectRulesOf(config: AppConfig, tls: Pick<AppTls, "acceptor">): InspectRules | undefined {
  const { proxyProtocol: { accept, from, timeoutMs, tlvs }, routes, clientHelloTimeoutMs } = config;
  const upgrade = starttlsOf(config)?.client;
  const isMysql = config.starttls?.protocol === "mysql";
  const acceptor = isMysql ? undefined : tls.acceptor;
  const isHelloNeeded = routes.length > 0;
  const isHashedByName = config.balance === "source_hash" && config.hashKey.kind === "sni";
  const wantsName = isHelloNeeded || tlvs.authority || isHashedByName;
  const looksAtHello = !isMysql && acceptor === undefined && wantsName;
  if (accept === "off" && !looksAtHello && acceptor === undefined && upgrade === undefined) {
    return undefined;
  }
  return {
    ...(upgrade === undefined ? {} : { upgrade }),
    ...(acceptor === undefined ? {} : { tls: acceptor }),
    ...(accept === "off"
      ? {}
      : { proxyHeader: { trusted: new CidrSet(from), timeoutMs, isOptional: accept === "optional" } }),
    ...(looksAtHello ? { clientHello: { timeoutMs: clientHelloTimeoutMs, isNeeded: isHelloNeeded } } : {}),
  };
}
