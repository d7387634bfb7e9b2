/** When the kernel probes a peer that is silent, and when it gives up on it (`tcp(7)`), in whole seconds. */
export interface KeepaliveTimes {
  /** Silence before the first probe (TCP_KEEPIDLE). */
  readonly idleSeconds: number;
  /** Between two probes (TCP_KEEPINTVL). */
  readonly intervalSeconds: number;
  /** Unanswered probes after which the connection is lost (TCP_KEEPCNT). */
  readonly count: number;
}

/**
 * The times on sockets of the kernel where the config gives none. A peer that has vanished is noticed after two minutes,
 * and the first probe comes before stateful firewalls and load balancers forget a silent connection: the shortest common
 * limits are about four minutes.
 */
export const DEFAULT_KEEPALIVE: KeepaliveTimes = { idleSeconds: 60, intervalSeconds: 10, count: 6 };
