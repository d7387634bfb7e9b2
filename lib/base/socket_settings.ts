/**
 * Settings of TCP sockets that only the kernel's own calls can make; the config has them, and the native transport puts
 * them into effect.
 *
 * @module
 */
import type { AddressRange } from "./address/range.ts";

/** Settings that sockets to clients and to targets can both have. */
export interface SocketSettings {
  /** How long sent data may stay unacknowledged before the connection is lost (TCP_USER_TIMEOUT); 0 for the system's. */
  readonly userTimeoutMs: number;
  /** The packet mark for routing and firewall rules (SO_MARK). */
  readonly mark: number | undefined;
  /** The only network interface to use (SO_BINDTODEVICE). */
  readonly interface: string | undefined;
  /** The traffic class (IP_TOS, IPV6_TCLASS), 0 to 63; `undefined` for the system's. */
  readonly dscp: number | undefined;
  /** Whether data may travel in the first packet (TCP_FASTOPEN, RFC 7413). */
  readonly fastOpen: boolean;
  /** Whether connections may use several paths (MPTCP, RFC 8684). */
  readonly mptcp: boolean;
}

/** Settings of a listening socket; the connections that it accepts inherit them. */
export interface ListenSettings extends SocketSettings {
  /** How long the kernel holds a connection back until the client has sent something (TCP_DEFER_ACCEPT); 0 for not at all. */
  readonly deferAcceptSeconds: number;
}

/** Settings of the sockets that targets are dialed with. */
export interface DialSettings extends SocketSettings {
  /** The addresses to dial from, in turn; empty for the system's choice. */
  readonly source: readonly AddressRange[];
  /** Whether to dial from the client's own address (IP_TRANSPARENT). */
  readonly transparent: boolean;
}

const NONE: SocketSettings = {
  userTimeoutMs: 0,
  mark: undefined,
  interface: undefined,
  dscp: undefined,
  fastOpen: false,
  mptcp: false,
};

/** Listening sockets as the system makes them. */
export const PLAIN_LISTEN: ListenSettings = { ...NONE, deferAcceptSeconds: 0 };

/** Sockets for dials as the system makes them. */
export const PLAIN_DIAL: DialSettings = { ...NONE, source: [], transparent: false };

/** Returns whether these are {@link PLAIN_DIAL}. */
export function isPlainDial(settings: DialSettings): boolean {
  return isSame(settings, PLAIN_DIAL);
}

/** Returns whether two settings of listening sockets are the same. */
export function isSameListen(a: ListenSettings, b: ListenSettings): boolean {
  return isSame(a, b);
}

function isSame<T extends SocketSettings>(a: T, b: T): boolean {
  const textOf = (value: T): string => JSON.stringify(Object.entries(value).sort());
  return textOf(a) === textOf(b);
}
