import { formatAddress } from "../../base/mod.ts";
import type { ParsedAppOptions } from "../schema/app/app.ts";
import { MAX_IPV4_PREFIX, MAX_IPV6_PREFIX } from "../schema/app/hash_key.ts";
import type { ParsedFault } from "../schema/app/fault.ts";
import { HealthCheck } from "../schema/app/health.ts";
import { mergeChecks } from "./merge_checks.ts";
import { type Base, resolveAddress, resolvePath } from "./paths.ts";
import { resolveSockets } from "./sockets.ts";
import { offeredProtocols } from "../schema/app/starttls.ts";
import type { ParsedTarget } from "../schema/app/target.ts";
import type { AppConfig, BandwidthConfig, HashKeyConfig } from "../model/config.ts";
import type { ProxyTlvsConfig } from "../model/proxy_protocol_config.ts";
import type { DiscoveryConfig, TargetConfig } from "../model/target_config.ts";
import type { FaultConfig } from "../model/fault_config.ts";
import type { HealthCheckConfig, PassiveHealthConfig } from "../model/health_config.ts";
import type { StarttlsConfig } from "../model/starttls_config.ts";
import type { TargetTlsConfig, TlsConfig } from "../model/tls_config.ts";

/** The result of {@link resolveOptions}. */
export type AppOptionsConfig = Omit<
  AppConfig,
  "name" | "ports" | "listen" | "sockets" | "targets" | "routes"
>;

/** Where the relative paths of an option start: it may be from `defaults` of another file. */
export type BaseOf = (option: keyof ParsedAppOptions) => Base;

/** The options of one app, those of `defaults` filled in, in the words of the program. */
export function resolveOptions(options: ParsedAppOptions, baseOf: BaseOf): AppOptionsConfig {
  return {
    clientHelloTimeoutMs: options.client_hello_timeout,
    balance: options.balance,
    hashKey: resolveHashKey(options.hash_key),
    connectTimeoutMs: options.connect_timeout,
    connectDeadlineMs: options.connect_deadline,
    retry: options.retry === "off" ? undefined : { tries: options.retry.tries, pauseMs: options.retry.pause },
    idleTimeoutMs: options.idle_timeout,
    halfCloseTimeoutMs: options.half_close_timeout,
    maxLifetimeMs: options.max_lifetime,
    ...resolveSockets(options),
    maxConnections: options.max_connections,
    acceptRate: unlessOff(options.accept_rate),
    maxConnectionsPerClient: options.max_connections_per_client,
    acceptRatePerClient: unlessOff(options.accept_rate_per_client),
    queueTimeoutMs: options.queue_timeout,
    bandwidth: resolveBandwidth(options.bandwidth),
    allow: options.allow,
    deny: options.deny,
    proxyProtocol: {
      accept: options.proxy_protocol.accept,
      from: options.proxy_protocol.from,
      timeoutMs: options.proxy_protocol.timeout,
      log: options.proxy_protocol.log,
      send: options.proxy_protocol.send,
      tlvs: resolveTlvs(options.proxy_protocol.tlvs),
    },
    tls: resolveTls(options, baseOf("tls")),
    targetTls: resolveTargetTls(options.target_tls, baseOf("target_tls")),
    starttls: resolveStarttls(options.starttls),
    healthCheck: resolveHealthCheck(options.health_check),
    passiveHealth: resolvePassiveHealth(options.passive_health),
    // Where it has no use, what `defaults` say of it is not to look like it had.
    slowStartMs: options.balance === "first" ? 0 : finite(options.slow_start) ?? 0,
    onTargetDown: options.on_target_down,
    dns: {
      nameserver: options.dns.nameserver === "system" ? undefined : options.dns.nameserver,
      intervalMs: options.dns.interval,
    },
    discovery: resolveDiscovery(options.discovery, baseOf("discovery")),
    faults: options.faults.map(resolveFault),
  };
}

/** A target in the words of the program. */
export function resolveTarget(
  target: ParsedTarget,
  base: Base,
  app: Pick<AppConfig, "healthCheck"> & { parsedCheck: ParsedAppOptions["health_check"] },
): TargetConfig {
  const address = target.discover === "file" && target.address.kind === "tcp"
    ? { ...target.address, host: resolvePath(target.address.host, base) }
    : resolveAddress(target.address, base);
  return {
    address,
    label: address.kind === "tcp" && address.port === 0 ? address.host : formatAddress(address),
    weight: target.weight,
    backup: target.backup,
    maxConnections: target.max_connections,
    proxyProtocol: target.proxy_protocol,
    discover: target.discover,
    healthCheck: target.health_check === undefined
      ? app.healthCheck
      : resolveTargetCheck(target.health_check, app.parsedCheck),
  };
}

function resolveDiscovery(
  { within, interval, timeout, ca, token_file: tokenFile }: ParsedAppOptions["discovery"],
  base: Base,
): DiscoveryConfig {
  return {
    within,
    intervalMs: interval,
    timeoutMs: timeout,
    ca: optionalPath(ca, base),
    tokenFile: optionalPath(tokenFile, base),
  };
}

function resolveHashKey(key: ParsedAppOptions["hash_key"]): HashKeyConfig {
  if (typeof key === "string") return { kind: key };
  const { subnet, tlv } = key;
  if (tlv !== undefined) return { kind: "tlv", type: tlv };
  const [ipv4 = MAX_IPV4_PREFIX, ipv6 = MAX_IPV6_PREFIX] = subnet ?? [];
  return { kind: "subnet", ipv4, ipv6 };
}

function resolveTlvs(tlvs: ParsedAppOptions["proxy_protocol"]["tlvs"]): ProxyTlvsConfig {
  const { authority, alpn, unique_id: uniqueId, ssl, crc32c, pass, add } = tlvs;
  return { authority, alpn, uniqueId, ssl, clientCertificate: tlvs.client_certificate, crc32c, pass, add };
}

function resolveBandwidth({ upload, download }: ParsedAppOptions["bandwidth"]): BandwidthConfig {
  return { upload: finite(upload), download: finite(download) };
}

function resolveTls({ tls, starttls }: ParsedAppOptions, base: Base): TlsConfig | undefined {
  if (tls === "off") return undefined;
  return {
    certificates: tls.certificates.map(({ cert, key, key_passphrase_file: passphrase }) => ({
      cert: resolvePath(cert, base),
      key: resolvePath(key, base),
      ...(passphrase === undefined ? {} : { keyPassphraseFile: resolvePath(passphrase, base) }),
    })),
    clientCa: optionalPath(tls.client_ca, base),
    clientCrl: optionalPath(tls.client_crl, base),
    clientAuth: tls.client_auth ?? "required",
    minVersion: tls.min_version,
    maxVersion: tls.max_version,
    alpn: offeredProtocols(tls.alpn, starttls),
    handshakeTimeoutMs: tls.handshake_timeout,
  };
}

function resolveStarttls(starttls: ParsedAppOptions["starttls"]): StarttlsConfig | undefined {
  if (starttls === "off") return undefined;
  const { protocol, plain, host_name: hostName } = starttls;
  return { protocol, plain, hostName };
}

function resolveTargetTls(tls: ParsedAppOptions["target_tls"], base: Base): TargetTlsConfig | undefined {
  if (tls === "off") return undefined;
  return {
    ca: optionalPath(tls.ca, base),
    crl: optionalPath(tls.crl, base),
    serverName: tls.server_name,
    passServerName: tls.pass_server_name,
    alpn: tls.alpn,
    minVersion: tls.min_version,
    maxVersion: tls.max_version,
    cert: optionalPath(tls.cert, base),
    key: optionalPath(tls.key, base),
    ...(tls.key_passphrase_file === undefined
      ? {}
      : { keyPassphraseFile: resolvePath(tls.key_passphrase_file, base) }),
    verify: tls.verify,
  };
}

function resolveHealthCheck(check: ParsedAppOptions["health_check"]): HealthCheckConfig | undefined {
  if (check === "off") return undefined;
  const { interval, timeout, rise, fall, port, type, user, database, send, expect, steps, http, tls } = check;
  return {
    intervalMs: interval,
    timeoutMs: timeout,
    rise,
    fall,
    port,
    type,
    user,
    database,
    send,
    expect,
    expectNot: check.expect_not,
    steps: steps?.map(({ send, expect, expect_not: expectNot }) => ({ send, expect, expectNot })),
    http: http && { path: http.path, status: http.status, host: http.host },
    tls,
  };
}

/** A target may be checked where its app is not. */
function resolveTargetCheck(
  own: NonNullable<ParsedTarget["health_check"]>,
  app: ParsedAppOptions["health_check"],
): HealthCheckConfig | undefined {
  if (own === "off") return undefined;
  return resolveHealthCheck(mergeChecks(app === "off" ? HealthCheck.parse({}) : app, own));
}

function resolvePassiveHealth(passive: ParsedAppOptions["passive_health"]): PassiveHealthConfig | undefined {
  if (passive === "off") return undefined;
  return {
    failures: passive.failures,
    windowMs: passive.window,
    ejectForMs: passive.eject_for,
    maxEjected: passive.max_ejected,
  };
}

function resolveFault(fault: ParsedFault): FaultConfig {
  const { direction, probability, clients, expires, seed } = fault;
  const scope = { direction, probability, clients, expiresMs: expires, seed };
  switch (fault.kind) {
    case "latency":
      return { kind: fault.kind, amountMs: fault.amount, jitterMs: fault.jitter, ...scope };
    case "bandwidth":
      return { kind: fault.kind, rate: fault.rate, ...scope };
    case "slice":
      return { kind: fault.kind, sizeBytes: fault.size, delayMs: fault.delay, ...scope };
    case "reset":
    case "close":
      return { kind: fault.kind, afterMs: fault.after, afterBytes: fault.after_bytes, ...scope };
    case "black_hole":
    case "refuse":
      return { kind: fault.kind, ...scope };
  }
}

function optionalPath(path: string | undefined, base: Base): string | undefined {
  return path === undefined ? undefined : resolvePath(path, base);
}

function unlessOff<T>(value: T | "off"): T | undefined {
  return value === "off" ? undefined : value;
}

/** `off`, or what was left out, is `undefined`. */
function finite(value: number | undefined): number | undefined {
  return value === Infinity ? undefined : value;
}
