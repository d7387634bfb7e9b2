import {
  type AddressRange,
  DEFAULT_KEEPALIVE,
  type DialSettings,
  formatDscp,
  formatDuration,
  type ListenSettings,
} from "../../base/mod.ts";
import type { AppConfig } from "../model/config.ts";
import type { ParsedSocketOptions } from "../schema/app/sockets.ts";

/** The sockets of an app. */
type Sockets = Pick<AppConfig, "keepalive" | "listenSockets" | "dialSockets">;

/** The options of an app's sockets, by side. */
export function resolveSockets(options: ParsedSocketOptions): Sockets {
  const { mark, interface: device, dscp, fast_open: fastOpen, mptcp } = options;
  const userTimeoutMs = options.user_timeout === Infinity ? 0 : options.user_timeout;
  return {
    keepalive: options.keepalive,
    listenSockets: {
      userTimeoutMs,
      mark: mark.listen,
      interface: device.listen,
      dscp: dscp.listen,
      fastOpen: fastOpen.listen ?? false,
      mptcp: mptcp.listen ?? false,
      deferAcceptSeconds: options.defer_accept,
    },
    dialSockets: {
      userTimeoutMs,
      mark: mark.dial,
      interface: device.dial,
      dscp: dscp.dial,
      fastOpen: fastOpen.dial ?? false,
      mptcp: mptcp.dial ?? false,
      source: options.source,
      transparent: options.transparent,
    },
  };
}

/** `keepalive` as a config file would say it; `true` with the times of the engine, where it has its own. */
export function effectiveKeepalive(
  { keepalive }: Pick<AppConfig, "keepalive">,
  engine: "runtime" | "native",
): unknown {
  const times = keepalive === true && engine === "native" ? DEFAULT_KEEPALIVE : keepalive;
  if (typeof times === "boolean") return times;
  return {
    idle: formatDuration(times.idleSeconds * 1000),
    interval: formatDuration(times.intervalSeconds * 1000),
    count: times.count,
  };
}

/** The other options of an app's sockets, as a config file would say them. */
export function effectiveSockets(
  { listenSockets: listen, dialSockets: dial }: Pick<AppConfig, "listenSockets" | "dialSockets">,
): Record<string, unknown> {
  return {
    user_timeout: listen.userTimeoutMs === 0 ? "off" : formatDuration(listen.userTimeoutMs),
    source: effectiveSource(dial.source),
    transparent: dial.transparent,
    mark: eitherSide(listen, dial, ({ mark }) => mark ?? "off"),
    interface: eitherSide(listen, dial, (side) => side.interface ?? "off"),
    dscp: eitherSide(listen, dial, ({ dscp }) => dscp === undefined ? "off" : formatDscp(dscp)),
    fast_open: eitherSide(listen, dial, ({ fastOpen }) => fastOpen),
    defer_accept: listen.deferAcceptSeconds === 0 ? "off" : formatDuration(listen.deferAcceptSeconds * 1000),
    mptcp: eitherSide(listen, dial, ({ mptcp }) => mptcp),
  };
}

function effectiveSource(source: readonly AddressRange[]): unknown {
  const [only, ...more] = source.map(({ text }) => text);
  if (only === undefined) return "off";
  return more.length === 0 ? only : [only, ...more];
}

function eitherSide(
  listen: ListenSettings,
  dial: DialSettings,
  format: (side: ListenSettings | DialSettings) => unknown,
): unknown {
  const sides = { listen: format(listen), dial: format(dial) };
  return sides.listen === sides.dial ? sides.listen : sides;
}
