import {
  DEFAULT_KEEPALIVE,
  type KeepaliveTimes,
  type ListenSettings,
  type SocketSettings,
} from "../../base/mod.ts";
import {
  AF_INET6,
  IP_TOS,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPPROTO_TCP,
  IPV6_TCLASS,
  SO_BINDTODEVICE,
  SO_KEEPALIVE,
  SO_MARK,
  SOL_SOCKET,
  TCP_DEFER_ACCEPT,
  TCP_FASTOPEN,
  TCP_KEEPCNT,
  TCP_KEEPIDLE,
  TCP_KEEPINTVL,
  TCP_USER_TIMEOUT,
} from "./calls/constants.ts";
import type { Libc } from "./calls/libc.ts";
import { SocketOptionError } from "./calls/option_error.ts";

/** Connections that may have sent data but not completed their handshake yet (TCP_FASTOPEN); then the others get none. */
const FAST_OPEN_QUEUE = 1024;

/** Bits of the type of service below the traffic class: those of ECN (RFC 3168), which are the kernel's. */
const ECN_BITS = 2;

/**
 * Makes the settings that both kinds of sockets have (`socket(7)`, `tcp(7)`, `ip(7)`, `ipv6(7)`): EPERM without the
 * capability, ENODEV for an unknown interface, ENOPROTOOPT for a kernel without the option. To be called before the
 * socket is bound; what is not set is left alone.
 *
 * @throws {SocketOptionError}
 */
export function applySettings(libc: Libc, fd: number, settings: SocketSettings, family: number): void {
  const { userTimeoutMs, mark, interface: device, dscp } = settings;
  if (userTimeoutMs > 0) setUserTimeout(libc, fd, userTimeoutMs);
  if (mark !== undefined) setMark(libc, fd, mark);
  if (device !== undefined) setInterface(libc, fd, device);
  if (dscp !== undefined) setDscp(libc, fd, dscp, family);
}

/** Has the kernel probe the peer of a connection while it is silent; `true` at {@link DEFAULT_KEEPALIVE}. @throws {SystemError} */
export function setKeepAlive(libc: Libc, fd: number, how: boolean | KeepaliveTimes): void {
  if (how !== false) {
    const times = how === true ? DEFAULT_KEEPALIVE : how;
    libc.setOption(fd, IPPROTO_TCP, TCP_KEEPIDLE, times.idleSeconds);
    libc.setOption(fd, IPPROTO_TCP, TCP_KEEPINTVL, times.intervalSeconds);
    libc.setOption(fd, IPPROTO_TCP, TCP_KEEPCNT, times.count);
  }
  // Last: it starts the timer.
  libc.setOption(fd, SOL_SOCKET, SO_KEEPALIVE, how === false ? 0 : 1);
}

/** As {@link applySettings}, with those of a listening socket. */
export function applyListenSettings(
  libc: Libc,
  fd: number,
  settings: ListenSettings,
  family: number,
): void {
  applySettings(libc, fd, settings, family);
  if (settings.fastOpen) setFastOpen(libc, fd, true);
  if (settings.deferAcceptSeconds > 0) setDeferAccept(libc, fd, settings.deferAcceptSeconds);
}

/** Makes the settings of a socket that listens already those of `after`; connections that it accepts inherit them. */
export function changeListenSettings(
  libc: Libc,
  fd: number,
  { before, after, family }: {
    readonly before: ListenSettings;
    readonly after: ListenSettings;
    readonly family: number;
  },
): void {
  const { interface: device = "" } = after;
  if (before.userTimeoutMs !== after.userTimeoutMs) setUserTimeout(libc, fd, after.userTimeoutMs);
  if (before.mark !== after.mark) setMark(libc, fd, after.mark ?? 0);
  if (before.interface !== after.interface) setInterface(libc, fd, device);
  if (before.dscp !== after.dscp) setDscp(libc, fd, after.dscp ?? 0, family);
  if (before.fastOpen !== after.fastOpen) setFastOpen(libc, fd, after.fastOpen);
  if (before.deferAcceptSeconds !== after.deferAcceptSeconds) {
    setDeferAccept(libc, fd, after.deferAcceptSeconds);
  }
}

/** Sets an option whose value is a number. @throws {SocketOptionError} which names `key`. */
export function setNamed(
  libc: Libc,
  fd: number,
  { level, option, value, key }: {
    readonly level: number;
    readonly option: number;
    readonly value: number;
    readonly key: string;
  },
): void {
  try {
    libc.setOption(fd, level, option, value);
  } catch (error) {
    throw new SocketOptionError(key, error);
  }
}

function setUserTimeout(libc: Libc, fd: number, value: number): void {
  setNamed(libc, fd, { level: IPPROTO_TCP, option: TCP_USER_TIMEOUT, value, key: "user_timeout" });
}

function setMark(libc: Libc, fd: number, value: number): void {
  setNamed(libc, fd, { level: SOL_SOCKET, option: SO_MARK, value, key: "mark" });
}

/** An empty name releases the socket from its interface. */
function setInterface(libc: Libc, fd: number, name: string): void {
  const bytes = new TextEncoder().encode(`${name}\0`);
  const result = libc.calls.setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, bytes, bytes.length);
  if (result < 0) throw new SocketOptionError("interface", libc.error("setsockopt"));
}

/** A socket for IPv6 may serve IPv4 too, and then has a type of service beside its traffic class. */
function setDscp(libc: Libc, fd: number, code: number, family: number): void {
  const value = code << ECN_BITS;
  if (family === AF_INET6) {
    setNamed(libc, fd, { level: IPPROTO_IPV6, option: IPV6_TCLASS, value, key: "dscp" });
  }
  setNamed(libc, fd, { level: IPPROTO_IP, option: IP_TOS, value, key: "dscp" });
}

function setFastOpen(libc: Libc, fd: number, isOn: boolean): void {
  const value = isOn ? FAST_OPEN_QUEUE : 0;
  setNamed(libc, fd, { level: IPPROTO_TCP, option: TCP_FASTOPEN, value, key: "fast_open" });
}

function setDeferAccept(libc: Libc, fd: number, value: number): void {
  setNamed(libc, fd, { level: IPPROTO_TCP, option: TCP_DEFER_ACCEPT, value, key: "defer_accept" });
}
