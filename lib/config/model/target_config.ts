import type { Cidr, ProxyVersion, TargetAddress, TcpAddress } from "../../base/mod.ts";
import type { HealthCheckConfig } from "./health_config.ts";

/**
 * How an entry of `targets` becomes many: every address of a name, every SRV record of a service, or what a file or an HTTP
 * endpoint lists.
 */
export const DISCOVERIES = ["dns", "srv", "file", "http"] as const;

/** One target of an app, or one entry that discovery makes targets of. */
export interface TargetConfig {
  /**
   * What is looked up by `srv`, `file` and `http` stands as the host (a name, a path, a URL), with port 0: the answers have
   * the ports.
   */
  readonly address: TargetAddress;
  /** The address as text: what logs and metrics call the target. */
  readonly label: string;
  /** Its share of new connections beside the others', 0 to 256; 0 is none. */
  readonly weight: number;
  /** Whether it is used only while no other target is available. */
  readonly backup: boolean;
  /** Connections at once, above which it is passed over; `Infinity` for no limit. */
  readonly maxConnections: number;
  /** The PROXY header that it is sent; `undefined` for what the app says. */
  readonly proxyProtocol: "off" | ProxyVersion | undefined;
  readonly discover: typeof DISCOVERIES[number] | undefined;
  /** Its active checks: the app's own value, unless it has others; `undefined` for none. */
  readonly healthCheck: HealthCheckConfig | undefined;
}

/** One route: what a ClientHello must say, and where it then leads. */
export interface RouteConfig {
  /** Server names in lower case, `*.` and a name for all below it, `*` for any; empty for whatever, or no name. */
  readonly sni: readonly string[];
  /** Protocols of which one must be offered; empty for whatever, or none. */
  readonly alpn: readonly string[];
  /** At least one. */
  readonly targets: readonly TargetConfig[];
}

/** Which targets discovery may find, and how it asks an HTTP endpoint. */
export interface DiscoveryConfig {
  /** The networks that discovered targets may be in; empty for all. */
  readonly within: readonly Cidr[];
  /** Between two requests, and between two looks at a file whose folder cannot be watched. */
  readonly intervalMs: number;
  /** The limit of one request. */
  readonly timeoutMs: number;
  /** The file of the CAs that the endpoint's certificate must come from; `undefined` for the system's. */
  readonly ca: string | undefined;
  /** The file of the token that the endpoint is shown; `undefined` for none. */
  readonly tokenFile: string | undefined;
}

/** Where discovery asks, and how often; as built in where no target is looked up. */
export interface DnsConfig {
  /** An IP address and a port; `undefined` for the system's resolver. */
  readonly nameserver: TcpAddress | undefined;
  readonly intervalMs: number;
}
