import type { Duplex } from "./duplex.ts";
import type { KeepaliveTimes } from "./keepalive.ts";

/**
 * Turns Nagle's algorithm off (RFC 896), so that a small write does not wait until the peer has acknowledged the one
 * before: up to 40 ms where the peer delays its acknowledgements.
 */
export function sendAtOnce(conn: Duplex): void {
  setOption(() => conn.setNoDelay?.(true));
}

/** Turns TCP keepalive on; default with the transport's times. */
export function keepAlive(conn: Duplex, times: true | KeepaliveTimes = true): void {
  setOption(() => conn.setKeepAlive?.(times));
}

function setOption(set: () => void): void {
  try {
    set();
  } catch {
    // A connection that the peer has reset may take no option (macOS: EINVAL). The next read or write reports the reset.
  }
}
