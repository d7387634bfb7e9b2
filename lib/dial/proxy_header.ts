/**
 * Sends the PROXY protocol, versions 1 and 2: tells a target who the client is.
 *
 * Source: doc/proxy-protocol.txt of HAProxy, revision 2020/03/05; sections below are its.
 *
 * @module
 */

import {
  type Address,
  formatIp,
  type IpBytes,
  isIpv4Mapped,
  parseIp,
  PROXY_V2_COMMAND,
  PROXY_V2_FAMILY,
  PROXY_V2_FIXED_BYTES,
  PROXY_V2_PROTOCOL,
  PROXY_V2_SIGNATURE,
  PROXY_V2_VERSION,
  type ProxyVersion,
  unmapIp,
} from "../base/mod.ts";

/** Whom the header speaks of. */
export interface ProxyHeaderOptions {
  /** The client's address; `undefined` for a connection of our own, a health check for instance. */
  readonly source: Address | undefined;
  /** The address that the client came to; `undefined` for a connection of our own. */
  readonly destination: Address | undefined;
}

/**
 * Encodes the header that goes to a target before anything else, TLS included, and in one write.
 *
 * Two IPv4 addresses, each plain or IPv4-mapped, make an IPv4 header; any other two IP addresses an IPv6 one, in which an
 * IPv4 address is mapped (RFC 4291 section 2.5.5.2). Without two IP addresses (unix sockets, health checks) it is
 * `PROXY UNKNOWN` in v1 and LOCAL in v2, and the target uses the connection's own addresses. A v2 header could name
 * unix paths, but those of another machine mean nothing to the target.
 */
export function encodeProxyHeader(
  version: ProxyVersion,
  options: ProxyHeaderOptions,
): Uint8Array<ArrayBuffer> {
  const pair = ipPair(options);
  return version === "v1" ? encodeV1(pair) : encodeV2(pair);
}

/** Two addresses of one family. */
interface IpPair {
  readonly isIpv4: boolean;
  readonly source: IpEndpoint;
  readonly destination: IpEndpoint;
}

interface IpEndpoint {
  readonly ip: IpBytes;
  readonly port: number;
}

function ipPair(options: ProxyHeaderOptions): IpPair | undefined {
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

function encodeV1(pair: IpPair | undefined): Uint8Array<ArrayBuffer> {
  if (pair === undefined) return new TextEncoder().encode("PROXY UNKNOWN\r\n");
  const { source, destination } = pair;
  const family = pair.isIpv4 ? "TCP4" : "TCP6";
  return new TextEncoder().encode(
    `PROXY ${family} ${v1Address(source.ip)} ${
      v1Address(destination.ip)
    } ${source.port} ${destination.port}\r\n`,
  );
}

/** The grammar of v1 has groups of hexadecimal digits alone, so no dotted tail of a mapped address. */
function v1Address(ip: IpBytes): string {
  if (!isIpv4Mapped(ip)) return formatIp(ip);
  const groups = [12, 14].map((at) => (((ip[at] ?? 0) << 8) | (ip[at + 1] ?? 0)).toString(16));
  return `::ffff:${groups.join(":")}`;
}

function encodeV2(pair: IpPair | undefined): Uint8Array<ArrayBuffer> {
  const ipBytes = pair?.source.ip.length ?? 0;
  const blockBytes = pair === undefined ? 0 : 2 * ipBytes + 4;
  const header = new Uint8Array(PROXY_V2_FIXED_BYTES + blockBytes);
  const view = new DataView(header.buffer);
  header.set(PROXY_V2_SIGNATURE);
  const command = pair === undefined ? PROXY_V2_COMMAND.local : PROXY_V2_COMMAND.proxy;
  view.setUint8(12, (PROXY_V2_VERSION << 4) | command);
  view.setUint16(14, blockBytes);
  if (pair === undefined) return header;

  const family = pair.isIpv4 ? PROXY_V2_FAMILY.inet : PROXY_V2_FAMILY.inet6;
  view.setUint8(13, (family << 4) | PROXY_V2_PROTOCOL.stream);
  header.set(pair.source.ip, PROXY_V2_FIXED_BYTES);
  header.set(pair.destination.ip, PROXY_V2_FIXED_BYTES + ipBytes);
  view.setUint16(PROXY_V2_FIXED_BYTES + 2 * ipBytes, pair.source.port);
  view.setUint16(PROXY_V2_FIXED_BYTES + 2 * ipBytes + 2, pair.destination.port);
  return header;
}
