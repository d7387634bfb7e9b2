import { type Address, type IpBytes, parseIp, unmapIp } from "../../base/mod.ts";
import type { ProxyHeaderOptions } from "./proxy_header_content.ts";

/** Two addresses of one family. */
export interface IpPair {
  readonly isIpv4: boolean;
  readonly source: IpEndpoint;
  readonly destination: IpEndpoint;
}

export interface IpEndpoint {
  readonly ip: IpBytes;
  readonly port: number;
}

/** Converts a header's addresses to one family; `undefined` unless both are IP addresses. */
export function ipPair(options: ProxyHeaderOptions): IpPair | undefined {
  const source = ipEndpoint(options.source);
  const destination = ipEndpoint(options.destination);
  if (source === undefined || destination === undefined) return undefined;
  const isIpv4 = source.ip.length === 4 && destination.ip.length === 4;
  if (isIpv4) return { isIpv4, source, destination };
  return { isIpv4, source: toIpv6(source), destination: toIpv6(destination) };
}

function ipEndpoint(address: Address | undefined): IpEndpoint | undefined {
  if (address?.kind !== "tcp") return undefined;
  const ip = parseIp(address.host);
  return ip === undefined ? undefined : { ip: unmapIp(ip), port: address.port };
}

function toIpv6(endpoint: IpEndpoint): IpEndpoint {
  if (endpoint.ip.length === 16) return endpoint;
  const ip = new Uint8Array(16);
  ip.fill(0xff, 10, 12);
  ip.set(endpoint.ip, 12);
  return { ip, port: endpoint.port };
}
