/**
 * The resolved config: every default filled in, every text parsed.
 *
 * @module
 */

import type {
  Address,
  Cidr,
  DialSettings,
  EventRate,
  KeepaliveTimes,
  ListenSettings,
  TcpAddress,
} from "../../base/mod.ts";
import type { FaultConfig } from "./fault_config.ts";
import type { HealthCheckConfig, PassiveHealthConfig } from "./health_config.ts";
import type { LogConfig } from "./log_config.ts";
import type { ProxyProtocolConfig } from "./proxy_protocol_config.ts";
import type { StarttlsConfig } from "./starttls_config.ts";
import type { DiscoveryConfig, DnsConfig, RouteConfig, TargetConfig } from "./target_config.ts";
import type { TargetTlsConfig, TlsConfig } from "./tls_config.ts";

/** A whole configuration. */
export interface Config {
  /** How many threads carry connections, 1 to 256; `workerCount` says what `auto` comes to. */
  readonly workers: number | "auto";
  readonly log: LogConfig;
  /** Where the program is asked while it runs; `undefined` for nowhere. */
  readonly admin: AdminConfig | undefined;
  readonly shutdown: ShutdownConfig;
  /** What the runtime's OpenTelemetry exporter is given; `undefined` for nothing. */
  readonly otel: OtelConfig | undefined;
  /** Whether the config is put into effect again when its file changes. */
  readonly watch: boolean;
  /** The fate of sessions whose app or target a reload removes. */
  readonly onReload: typeof RELOAD_ACTIONS[number];
  /** Which sockets carry connections; `engineOf` says what `auto` comes to. */
  readonly engine: typeof ENGINES[number];
  /** Whether threads that carry connections must be confined. */
  readonly sandbox: typeof SANDBOXES[number];
  /** At least one; no two share a name or an address. */
  readonly apps: readonly AppConfig[];
}

/** What carries connections. */
export const ENGINES = ["auto", "runtime", "native"] as const;

/** How far threads that carry connections are confined: as far as possible, fully or not started, not at all. */
export const SANDBOXES = ["auto", "on", "off"] as const;

/** The strategies that choose among an app's targets. */
export const BALANCE_STRATEGIES = [
  "random",
  "round_robin",
  "least_connections",
  "random_two",
  "source_hash",
  "first",
] as const;

/** The fate of sessions whose target goes down. */
export const TARGET_DOWN_ACTIONS = ["keep", "close"] as const;

/** The fate of sessions whose app or target a reload removes. */
export const RELOAD_ACTIONS = ["keep", "drain", "close"] as const;

/** The admin API. */
export interface AdminConfig {
  readonly listen: TcpAddress;
  /** The file of the token that callers must show; `undefined` for none, which only a loopback address may have. */
  readonly tokenFile: string | undefined;
}

/** What is exported through OpenTelemetry. */
export interface OtelConfig {
  /** Whether each connection is a span. */
  readonly traces: boolean;
  readonly metrics: boolean;
  /** How often metrics are handed to the exporter. */
  readonly intervalMs: number;
}

/** How the program ends. */
export interface ShutdownConfig {
  /** How long sessions may go on after the listeners have closed. */
  readonly drainTimeoutMs: number;
  /** How long the listeners stay open after the signal. */
  readonly delayMs: number;
}

/** One app: addresses that are listened on, and the targets behind them. */
export interface AppConfig {
  readonly name: string;
  /** The ports that the config names by number, ranges expanded: what the start-up line shows. */
  readonly ports: readonly number[];
  /** Every address that is listened on: first one for each of `ports`, then those of `listen`. */
  readonly listen: readonly Address[];
  /** The names of sockets that systemd passes, which are listened on too; none once their addresses are in `listen`. */
  readonly sockets: readonly string[];
  /** Empty only when there are routes. */
  readonly targets: readonly TargetConfig[];
  /** The first that matches wins; where none does, `targets`. Empty for an app that is not sniffed. */
  readonly routes: readonly RouteConfig[];
  /** How long a ClientHello may take when there are routes. */
  readonly clientHelloTimeoutMs: number;
  readonly balance: typeof BALANCE_STRATEGIES[number];
  /** The key that `source_hash` hashes. */
  readonly hashKey: HashKeyConfig;
  /** The limit of one dial. */
  readonly connectTimeoutMs: number;
  /** The limit of all dials of one connection. */
  readonly connectDeadlineMs: number;
  /** How targets are dialed again when all have failed; `undefined` for not at all. */
  readonly retry: RetryConfig | undefined;
  /** How long neither direction may carry a byte; `Infinity` for no limit. */
  readonly idleTimeoutMs: number;
  /** How long the open direction may carry no byte once the other has ended; `Infinity` for no limit. */
  readonly halfCloseTimeoutMs: number;
  /** How long a connection may last, before jitter; `Infinity` for no limit. */
  readonly maxLifetimeMs: number;
  /** Whether the system probes silent clients and targets (TCP keepalive), and when; `true` is as the engine does. */
  readonly keepalive: boolean | KeepaliveTimes;
  /** How the sockets of listeners and of clients are; {@link PLAIN_LISTEN} for the system's way. */
  readonly listenSockets: ListenSettings;
  /** How the sockets to targets are; {@link PLAIN_DIAL} for the system's way. */
  readonly dialSockets: DialSettings;
  /** Connections at once, above which nothing is accepted; `Infinity` for no limit. */
  readonly maxConnections: number;
  /** How fast connections are accepted; `undefined` for no limit. */
  readonly acceptRate: EventRate | undefined;
  /** Connections at once of one client address; `Infinity` for no limit. */
  readonly maxConnectionsPerClient: number;
  /** How fast those of one client address are; `undefined` for no limit. */
  readonly acceptRatePerClient: EventRate | undefined;
  /** How long a connection may wait for a target that is below its own limit; 0 for not at all. */
  readonly queueTimeoutMs: number;
  readonly bandwidth: BandwidthConfig;
  /** The clients that are let in; empty for all. */
  readonly allow: readonly Cidr[];
  /** The clients that are kept out, those of `allow` too. */
  readonly deny: readonly Cidr[];
  readonly proxyProtocol: ProxyProtocolConfig;
  /** How TLS of clients is ended here; `undefined` when it is not. */
  readonly tls: TlsConfig | undefined;
  /** How TLS to the targets is begun here; `undefined` when it is not. */
  readonly targetTls: TargetTlsConfig | undefined;
  /** Where TLS begins behind a request of the app's protocol; `undefined` for the first byte. */
  readonly starttls: StarttlsConfig | undefined;
  /** The active checks of targets that have none of their own; `undefined` for none. */
  readonly healthCheck: HealthCheckConfig | undefined;
  /** Passive health: how connections eject a target; `undefined` for off. */
  readonly passiveHealth: PassiveHealthConfig | undefined;
  /** How long a target that has come (back) takes to its full weight; 0 for no time. */
  readonly slowStartMs: number;
  readonly onTargetDown: typeof TARGET_DOWN_ACTIONS[number];
  readonly dns: DnsConfig;
  /** How the targets with `discover` are found; as built in where there are none. */
  readonly discovery: DiscoveryConfig;
  readonly faults: readonly FaultConfig[];
}

/** Further rounds of dials, when every target has failed. */
export interface RetryConfig {
  /** Dials of one connection in all, at least 2. */
  readonly tries: number;
  /** Between two rounds. */
  readonly pauseMs: number;
}

/** The key that `source_hash` hashes; connections without it fall back to the client's address. */
export type HashKeyConfig =
  | { readonly kind: "client" }
  /** The network that the client's address is in, by its length in bits. */
  | { readonly kind: "subnet"; readonly ipv4: number; readonly ipv6: number }
  /** The server name that the client asks for. */
  | { readonly kind: "sni" }
  /** A field (TLV) of the PROXY header that came with it. */
  | { readonly kind: "tlv"; readonly type: number };

/** Bytes per second of one connection; `undefined` for no limit. */
export interface BandwidthConfig {
  /** From client to target. */
  readonly upload: number | undefined;
  /** From target to client. */
  readonly download: number | undefined;
}
