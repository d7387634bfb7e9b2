import type { Reason } from "../../base/mod.ts";
import {
  type AppCount,
  type HistogramSnapshot,
  mergeApps,
  NO_APP_COUNT,
  spreadOf,
  type TargetCount,
} from "../../metrics/mod.ts";

/** Traffic since the start; rates are differences of two snapshots. */
export interface TrafficJson {
  /** Connections accepted. */
  readonly connections: number;
  /** Bytes, those of open connections included. */
  readonly ["bytes_up"]: number;
  readonly ["bytes_down"]: number;
  /** Connections that have ended, by reason; without those that no connection had. */
  readonly ended: Readonly<Partial<Record<Reason, number>>>;
  /** Time until a target answered a dial. */
  readonly ["dial_ms"]: SpreadJson | null;
  /** Length of connections that have ended. */
  readonly ["session_ms"]: SpreadJson | null;
}

/** Traffic of a target since the start. */
export interface TargetTrafficJson {
  /** Connections that were relayed to it. */
  readonly connections: number;
  readonly ["bytes_up"]: number;
  readonly ["bytes_down"]: number;
  readonly dials: { readonly connected: number; readonly failed: number };
  readonly ["dial_ms"]: SpreadJson | null;
}

/** Quantiles, estimated from a histogram. */
export interface SpreadJson {
  readonly count: number;
  readonly mean: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
}

/** Converts the counters of some apps to JSON. */
export function trafficJson(counts: Iterable<AppCount>): TrafficJson {
  let sum = NO_APP_COUNT;
  for (const count of counts) sum = mergeApps(sum, count);
  return {
    connections: sum.accepted,
    bytes_up: sum.bytesUp,
    bytes_down: sum.bytesDown,
    ended: sum.ended,
    dial_ms: spreadJson(sum.dial),
    session_ms: spreadJson(sum.session),
  };
}

/** Converts the counters of a target to JSON. */
export function targetTrafficJson(count: TargetCount): TargetTrafficJson {
  const { connections, bytesUp, bytesDown, dials, dial } = count;
  return {
    connections,
    bytes_up: bytesUp,
    bytes_down: bytesDown,
    dials: { connected: dials.connected, failed: dials.refused + dials.timeout + dials.error },
    dial_ms: dial === undefined ? null : spreadJson(dial),
  };
}

function spreadJson(histogram: HistogramSnapshot): SpreadJson | null {
  const spread = spreadOf(histogram);
  if (spread === undefined) return null;
  const { count, mean, p50, p90, p99 } = spread;
  return { count, mean: rounded(mean), p50: rounded(p50), p90: rounded(p90), p99: rounded(p99) };
}

/** To a microsecond. */
function rounded(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
