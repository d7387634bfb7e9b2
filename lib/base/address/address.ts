/**
 * Addresses as operators write them: `host:port`, `[v6]:port`, `unix:/path`, and `host:*` for a target that is
 * reached on the port that the client came to.
 *
 * @module
 */

import { parseIpv4, parseIpv6 } from "./ip.ts";
import { addressInUrl, moreThanHost } from "./_more_than_asked.ts";

/** A host (name, IPv4, or IPv6 without brackets) and a port between 1 and 65535 (0 where a listener may choose). */
export interface TcpAddress {
  readonly kind: "tcp";
  readonly host: string;
  readonly port: number;
  /** The name that the config has for a listener, where `host` is one of the name's addresses. */
  readonly name?: string;
}

/** A unix stream socket. */
export interface UnixAddress {
  readonly kind: "unix";
  readonly path: string;
}

/** A host whose port is the one that the client came to. */
export interface SamePortAddress {
  readonly kind: "same_port";
  readonly host: string;
}

/** Where something listens, or what a dial goes to. */
export type Address = TcpAddress | UnixAddress;

/** The forms of a target's address. */
export type TargetAddress = Address | SamePortAddress;

/** An address that cannot be read; the message says what it is and what is expected. */
export class AddressError extends Error {
  override readonly name = "AddressError";
}

/** Highest TCP port. */
export const MAX_PORT = 65535;

/**
 * The longest path that `sun_path` holds on every supported system (108 bytes on Linux, 104 on macOS and the BSDs,
 * both with the closing NUL).
 */
export const MAX_UNIX_PATH_BYTES = 103;

/**
 * Parses a target: `host:port`, `[v6]:port`, `unix:/path` or `host:*`.
 *
 * @throws {AddressError} when it is none of them.
 */
export function parseTargetAddress(text: string): TargetAddress {
  if (text.startsWith("unix:")) return parseUnix(text);
  const { host, port } = splitHostPort(text);
  if (port === "*") return { kind: "same_port", host: checkHost(host, text) };
  return { kind: "tcp", host: checkHost(host, text), port: parsePort(port) };
}

/**
 * Parses one address: `host:port`, `[v6]:port` or `unix:/path`.
 *
 * @throws {AddressError} when it is none of them.
 */
export function parseAddress(text: string): Address {
  const address = parseTargetAddress(text);
  if (address.kind === "same_port") {
    throw new AddressError(`the port of "${text}" is "*"; expected a number from 1 to ${MAX_PORT}`);
  }
  return address;
}

/** An inclusive range of ports; one port is a range whose ends are equal. */
export interface PortRange {
  readonly first: number;
  readonly last: number;
}

/** A host with a range of ports, not yet one address a port. */
export interface TcpRange extends PortRange {
  readonly kind: "tcp_range";
  readonly host: string;
}

/**
 * Parses the address of a listener: one as in {@link parseAddress}, or one with a port range
 * (`127.0.0.1:7000-7009`), which {@link expandListenRange} makes one address a port.
 *
 * @throws {AddressError} when it is none of them.
 */
export function parseListenRange(text: string): UnixAddress | TcpRange {
  if (text.startsWith("unix:")) return parseUnix(text);
  const { host, port } = splitHostPort(text);
  return { kind: "tcp_range", host: checkHost(host, text), ...parsePortRange(port) };
}

/**
 * Parses the address of a listener, as {@link parseListenRange}, and gives one address a port.
 *
 * @throws {AddressError} when it is none of them.
 */
export function parseListenAddresses(text: string): Address[] {
  return expandListenRange(parseListenRange(text));
}

/** One address a port. */
export function expandListenRange(range: UnixAddress | TcpRange): Address[] {
  if (range.kind === "unix") return [range];
  return portsOf(range).map((port) => ({ kind: "tcp", host: range.host, port }));
}

/**
 * Parses a port or an inclusive range of ports: `5001`, `6000-6009`.
 *
 * @throws {AddressError} when a port is outside 1 to 65535 or the range runs backwards.
 */
export function parsePortRange(text: string): PortRange {
  const range = /^(\d+)\s*-\s*(\d+)$/.exec(text.trim());
  if (range === null) {
    const port = parsePort(text);
    return { first: port, last: port };
  }
  const first = parsePort(range[1] ?? "");
  const last = parsePort(range[2] ?? "");
  if (last < first) {
    throw new AddressError(`the range "${text}" runs backwards; expected "${last}-${first}"`);
  }
  return { first, last };
}

/**
 * Parses a port or an inclusive range of ports, as {@link parsePortRange}, and gives the ports in order.
 *
 * @throws {AddressError} when a port is outside 1 to 65535 or the range runs backwards.
 */
export function parsePorts(text: string): number[] {
  return portsOf(parsePortRange(text));
}

/** The ports of a range, in order. */
export function portsOf(range: PortRange): number[] {
  return Array.from({ length: range.last - range.first + 1 }, (_, index) => range.first + index);
}

/**
 * Parses one port.
 *
 * @throws {AddressError} when it is no whole number from 1 to 65535.
 */
export function parsePort(text: string): number {
  const port = /^\d{1,5}$/.test(text.trim()) ? Number(text) : NaN;
  if (!(port >= 1 && port <= MAX_PORT)) {
    throw new AddressError(`the port is "${text}"; expected a number from 1 to ${MAX_PORT}`);
  }
  return port;
}

/** Formats so that {@link parseTargetAddress} reads the same address again. */
export function formatAddress(address: TargetAddress): string {
  if (address.kind === "unix") return `unix:${address.path}`;
  const host = address.host.includes(":") ? `[${address.host}]` : address.host;
  return `${host}:${address.kind === "same_port" ? "*" : address.port}`;
}

/**
 * Whether two listeners on these addresses would want the same socket. A wildcard (`0.0.0.0`, `::`) takes the port
 * of every address of its family, and `::` that of IPv4 too, as Linux binds it by default.
 */
export function collides(a: Address, b: Address): boolean {
  if (a.kind === "unix" || b.kind === "unix") {
    return a.kind === "unix" && b.kind === "unix" && a.path === b.path;
  }
  if (a.port !== b.port) return false;
  if (a.host === b.host || a.host === "::" || b.host === "::") return true;
  if (a.host === "0.0.0.0") return !b.host.includes(":");
  if (b.host === "0.0.0.0") return !a.host.includes(":");
  return false;
}

/**
 * Checks a host name or IP address (IPv6 without brackets) and returns it.
 *
 * @param address the text that the host was found in; default it stands alone.
 * @throws {AddressError} when it is neither.
 */
export function checkHost(host: string, address?: string): string {
  if (host === "") throw new AddressError(`the host of "${address ?? ""}" is empty; expected "host:port"`);
  const more = address === undefined ? moreThanHost(host) : undefined;
  if (more !== undefined) {
    throw new AddressError(`the host "${host}" ${more.what}; expected "${more.host}"`);
  }
  if (host.includes(":")) {
    if (parseIpv6(host) === undefined) {
      throw new AddressError(`the host "${host}" is no IPv6 address; expected one like "[::1]:5001"`);
    }
    return host;
  }
  // All digits and dots is meant as an IPv4 address: the resolver would read "10.1" or "010.0.0.1" as something else.
  if (/^[\d.]+$/.test(host)) {
    if (parseIpv4(host) === undefined) {
      throw new AddressError(`the host "${host}" is no IPv4 address; expected four numbers from 0 to 255`);
    }
    return host;
  }
  const labels = host.replace(/\.$/, "").split(".");
  const good = host.length <= 253 && labels.every((label) => /^(?!-)[A-Za-z0-9_-]{1,63}(?<!-)$/.test(label));
  if (!good) {
    throw new AddressError(`the host "${host}" is no host name; expected letters, digits, "-" and "."`);
  }
  return host;
}

function parseUnix(text: string): UnixAddress {
  const path = text.slice("unix:".length);
  if (path === "") throw new AddressError(`the path of "${text}" is empty; expected "unix:/path"`);
  if (path.includes("\0")) {
    throw new AddressError(`the path of a unix socket has a NUL byte; remove it`);
  }
  const bytes = new TextEncoder().encode(path).length;
  if (bytes > MAX_UNIX_PATH_BYTES) {
    throw new AddressError(
      `the path of a unix socket has ${bytes} bytes; expected at most ${MAX_UNIX_PATH_BYTES}`,
    );
  }
  return { kind: "unix", path };
}

function splitHostPort(text: string): { host: string; port: string } {
  const wanted = addressInUrl(text);
  if (wanted !== undefined) throw new AddressError(`the address "${text}" is a URL; expected "${wanted}"`);
  const bracketed = /^\[([^\]]*)\]:(.*)$/s.exec(text);
  if (bracketed !== null) {
    const host = bracketed[1] ?? "";
    if (!host.includes(":")) {
      throw new AddressError(
        `the host "${host}" stands in brackets; expected those around IPv6 addresses only`,
      );
    }
    return { host, port: bracketed[2] ?? "" };
  }
  const colon = text.lastIndexOf(":");
  if (colon < 0) throw new AddressError(`the address "${text}" has no port; expected "host:port"`);
  const host = text.slice(0, colon);
  if (host.includes(":")) {
    throw new AddressError(
      `the address "${text}" has several colons; expected "[v6]:port" for an IPv6 address`,
    );
  }
  return { host, port: text.slice(colon + 1) };
}
