import {
  formatAddress,
  formatByteRate,
  formatCidr,
  formatDuration,
  formatEventRate,
  formatSize,
  formatTlv,
} from "../../base/mod.ts";
import { effectiveKeepalive, effectiveSockets } from "./sockets.ts";
import type { AppConfig, HashKeyConfig } from "../model/config.ts";
import type { ProxyTlvsConfig } from "../model/proxy_protocol_config.ts";
import type { RouteConfig, TargetConfig } from "../model/target_config.ts";
import type { FaultConfig } from "../model/fault_config.ts";
import type { HealthCheckConfig, PassiveHealthConfig } from "../model/health_config.ts";
import type { StarttlsConfig } from "../model/starttls_config.ts";
import type { TargetTlsConfig, TlsConfig } from "../model/tls_config.ts";

type Mapping = Record<string, unknown>;

/** Every option of an app, as a config file would say it. */
export function effectiveOptions(app: AppConfig, engine: "runtime" | "native"): Mapping {
  return {
    balance: app.balance,
    hash_key: effectiveHashKey(app.hashKey),
    connect_timeout: formatDuration(app.connectTimeoutMs),
    connect_deadline: formatDuration(app.connectDeadlineMs),
    retry: orOff(app.retry, ({ tries, pauseMs }) => ({ tries, pause: formatDuration(pauseMs) })),
    idle_timeout: formatDuration(app.idleTimeoutMs),
    half_close_timeout: formatDuration(app.halfCloseTimeoutMs),
    max_lifetime: formatDuration(app.maxLifetimeMs),
    keepalive: effectiveKeepalive(app, engine),
    max_connections: formatCount(app.maxConnections),
    accept_rate: orOff(app.acceptRate, formatEventRate),
    max_connections_per_client: formatCount(app.maxConnectionsPerClient),
    accept_rate_per_client: orOff(app.acceptRatePerClient, formatEventRate),
    queue_timeout: formatDuration(app.queueTimeoutMs),
    bandwidth: {
      upload: orOff(app.bandwidth.upload, formatByteRate),
      download: orOff(app.bandwidth.download, formatByteRate),
    },
    allow: app.allow.map(formatCidr),
    deny: app.deny.map(formatCidr),
    proxy_protocol: {
      accept: app.proxyProtocol.accept,
      from: app.proxyProtocol.from.map(formatCidr),
      timeout: formatDuration(app.proxyProtocol.timeoutMs),
      log: app.proxyProtocol.log.map(formatTlv),
      send: app.proxyProtocol.send,
      tlvs: effectiveTlvs(app.proxyProtocol.tlvs),
    },
    client_hello_timeout: formatDuration(app.clientHelloTimeoutMs),
    tls: orOff(app.tls, effectiveTls),
    target_tls: orOff(app.targetTls, effectiveTargetTls),
    starttls: orOff(app.starttls, effectiveStarttls),
    health_check: orOff(app.healthCheck, effectiveHealthCheck),
    passive_health: orOff(app.passiveHealth, effectivePassiveHealth),
    slow_start: app.slowStartMs === 0 ? "off" : formatDuration(app.slowStartMs),
    on_target_down: app.onTargetDown,
    ...effectiveDns(app),
    ...effectiveDiscovery(app),
    ...effectiveSockets(app),
    faults: app.faults.map(effectiveFault),
  };
}

/** A target: its address alone where that says it all. */
export function effectiveTarget(target: TargetConfig, app: AppConfig): string | Mapping {
  const hasPort = target.discover === undefined || target.discover === "dns";
  const address = hasPort ? formatAddress(target.address) : target.label;
  const options = given({
    weight: target.weight === 1 ? undefined : target.weight,
    backup: target.backup ? true : undefined,
    max_connections: target.maxConnections === Infinity ? undefined : target.maxConnections,
    proxy_protocol: target.proxyProtocol,
    discover: target.discover,
    health_check: target.healthCheck === app.healthCheck
      ? undefined
      : orOff(target.healthCheck, effectiveTargetCheck),
  });
  return Object.keys(options).length === 0 ? address : { address, ...options };
}

/** A route. */
export function effectiveRoute({ sni, alpn, targets }: RouteConfig, app: AppConfig): Mapping {
  return {
    ...sni.length > 0 ? { sni: [...sni] } : {},
    ...alpn.length > 0 ? { alpn: [...alpn] } : {},
    targets: targets.map((target) => effectiveTarget(target, app)),
  };
}

function effectiveHashKey(key: HashKeyConfig): string | Mapping {
  if (key.kind === "tlv") return { tlv: formatTlv(key.type) };
  return key.kind === "subnet" ? { subnet: [key.ipv4, key.ipv6] } : key.kind;
}

function effectiveTlvs({ pass, add, ...tlvs }: ProxyTlvsConfig): Mapping {
  return {
    authority: tlvs.authority,
    alpn: tlvs.alpn,
    unique_id: tlvs.uniqueId,
    ssl: tlvs.ssl,
    client_certificate: tlvs.clientCertificate,
    crc32c: tlvs.crc32c,
    pass: pass === "all" ? pass : pass.map(formatTlv),
    add: add.map(({ type, value }) => ({ type: formatTlv(type), value })),
  };
}

function effectiveTls(tls: TlsConfig): Mapping {
  return given({
    certificates: tls.certificates.map(({ cert, key, keyPassphraseFile }) =>
      given({ cert, key, key_passphrase_file: keyPassphraseFile })
    ),
    client_ca: tls.clientCa,
    client_crl: tls.clientCrl,
    client_auth: tls.clientCa === undefined ? undefined : tls.clientAuth,
    alpn: [...tls.alpn],
    min_version: tls.minVersion,
    max_version: tls.maxVersion,
    handshake_timeout: formatDuration(tls.handshakeTimeoutMs),
  });
}

function effectiveTargetTls(tls: TargetTlsConfig): Mapping {
  return given({
    ca: tls.ca,
    crl: tls.crl,
    server_name: tls.serverName,
    pass_server_name: tls.passServerName,
    alpn: [...tls.alpn],
    min_version: tls.minVersion,
    max_version: tls.maxVersion,
    cert: tls.cert,
    key: tls.key,
    key_passphrase_file: tls.keyPassphraseFile,
    verify: tls.verify,
  });
}

function effectiveStarttls({ protocol, plain, hostName }: StarttlsConfig): Mapping {
  return { protocol, plain, host_name: hostName };
}

function effectiveHealthCheck(check: HealthCheckConfig): Mapping {
  return given({
    interval: formatDuration(check.intervalMs),
    timeout: formatDuration(check.timeoutMs),
    rise: check.rise,
    fall: check.fall,
    port: check.port,
    type: check.type,
    user: check.user,
    database: check.database,
    send: check.send,
    expect: check.expect,
    expect_not: check.expectNot,
    steps: check.steps?.map(({ send, expect, expectNot }) => given({ send, expect, expect_not: expectNot })),
    http: check.http && given({ ...check.http }),
    tls: check.tls,
  });
}

/** With a form, so that none is taken from the app again. */
function effectiveTargetCheck(check: HealthCheckConfig): Mapping {
  const { type, send, expect, expectNot, steps, http } = check;
  const hasForm = [type, send, expect, expectNot, steps, http].some((value) => value !== undefined);
  return effectiveHealthCheck(hasForm ? check : { ...check, type: "tcp" });
}

function effectivePassiveHealth(passive: PassiveHealthConfig): Mapping {
  return {
    failures: passive.failures,
    window: formatDuration(passive.windowMs),
    eject_for: formatDuration(passive.ejectForMs),
    max_ejected: formatPercentage(passive.maxEjected),
  };
}

/** Nothing where no target is looked up: there it would be an error to say how. */
function effectiveDns({ dns, targets, routes }: AppConfig): Mapping {
  const all = [...targets, ...routes.flatMap((route) => route.targets)];
  if (!all.some(({ discover }) => discover === "dns" || discover === "srv")) return {};
  const nameserver = dns.nameserver === undefined ? "system" : formatAddress(dns.nameserver);
  return { dns: { nameserver, interval: formatDuration(dns.intervalMs) } };
}

/** Likewise, and nothing of a request where none is made. */
function effectiveDiscovery({ discovery, targets, routes }: AppConfig): Mapping {
  const all = [...targets, ...routes.flatMap((route) => route.targets)];
  const kinds = new Set(all.flatMap(({ discover }) => discover ?? []));
  if (kinds.size === 0) return {};
  const isAsking = kinds.has("http");
  return {
    discovery: given({
      within: discovery.within.map(formatCidr),
      interval: isAsking || kinds.has("file") ? formatDuration(discovery.intervalMs) : undefined,
      timeout: isAsking ? formatDuration(discovery.timeoutMs) : undefined,
      ca: isAsking ? discovery.ca : undefined,
      token_file: isAsking ? discovery.tokenFile : undefined,
    }),
  };
}

/** A fault. */
export function effectiveFault(fault: FaultConfig): Mapping {
  const { kind, direction, probability, seed } = fault;
  return given({
    kind,
    ...effect(fault),
    direction,
    probability,
    clients: fault.clients.map(formatCidr),
    expires: formatDuration(fault.expiresMs),
    seed,
  });
}

/** The settings of this kind of fault alone. */
function effect(fault: FaultConfig): Mapping {
  switch (fault.kind) {
    case "latency":
      return { amount: formatDuration(fault.amountMs), jitter: formatDuration(fault.jitterMs) };
    case "bandwidth":
      return { rate: formatByteRate(fault.rate) };
    case "slice":
      return { size: formatSize(fault.sizeBytes), delay: formatDuration(fault.delayMs) };
    case "reset":
    case "close":
      return fault.afterMs !== undefined
        ? { after: formatDuration(fault.afterMs) }
        : { after_bytes: fault.afterBytes === undefined ? undefined : formatSize(fault.afterBytes) };
    case "black_hole":
    case "refuse":
      return {};
  }
}

function formatCount(count: number): number | "off" {
  return count === Infinity ? "off" : count;
}

function orOff<T, R>(value: T | undefined, format: (value: T) => R): R | "off" {
  return value === undefined ? "off" : format(value);
}

/** Without the keys that were left out: not every format can write nothing. */
function given(mapping: Mapping): Mapping {
  return Object.fromEntries(Object.entries(mapping).filter(([, value]) => value !== undefined));
}

function formatPercentage(share: number): string {
  return `${Math.round(share * 100)}%`;
}
