import type { Clock } from "../base/mod.ts";
import type { AppConfig, BandwidthConfig, FaultConfig } from "../config/mod.ts";
import { ByteBucket, CidrSet } from "../limits/mod.ts";
import {
  bandwidthFilter,
  type BufferPool,
  type DrawCounter,
  FaultPlan,
  type FaultRule,
  type Filter,
  Pace,
  pumpEngine,
  type RelayEngine,
  type StreamOptions,
  type Ticker,
} from "../relay/mod.ts";
import type { SessionApp } from "../session/mod.ts";

export interface EngineOptions {
  readonly buffers: BufferPool;
  readonly ticker: Ticker;
  readonly clock: Clock;
}

/** Returns a factory of engines for sessions without faults. */
export function engineFor(bandwidth: BandwidthConfig, options: EngineOptions): () => RelayEngine {
  if (bandwidth.upload === undefined && bandwidth.download === undefined) {
    const pump = pumpEngine(options);
    return () => pump;
  }
  const { clock } = options;
  const pace = (rate: number | undefined): Pace | undefined =>
    rate === undefined ? undefined : paceOf(rate, clock);
  return () => pumpEngine({ ...options, up: pace(bandwidth.upload), down: pace(bandwidth.download) });
}

function paceOf(rate: number, clock: Clock): Pace {
  return new Pace(rate, new ByteBucket(rate, clock.nowMs()), { clock });
}

export interface FaultOptions extends EngineOptions {
  /** When the proxy started, on the clock; `expires` counts from there. */
  readonly startedMs: number;
  /** Counts the sessions of all threads. Default: there is one thread. */
  readonly faultCounter?: DrawCounter | undefined;
}

/** Returns a function that draws the faults of each session; `undefined` where the app has none. */
export function faultsFor(
  config: AppConfig,
  options: FaultOptions,
): SessionApp["faultsFor"] {
  if (config.faults.length === 0) return undefined;
  const { clock, startedMs, faultCounter: counter } = options;
  const plan = new FaultPlan(config.faults.map((fault) => ruleOf(fault, startedMs)), {
    clock,
    counter,
    budget: (bytesPerSecond, nowMs) => new ByteBucket(bytesPerSecond, nowMs),
  });
  return (client, nowMs) => {
    const faults = plan.draw(client.kind === "tcp" ? client.host : "", nowMs);
    if (faults === undefined) return undefined;
    return {
      refuse: faults.refuse,
      engine: (onCut) => faults.engine({ ...streamOptions(config.bandwidth, options), onCut }),
    };
  };
}

/** The filters of one session; each connection has its own budgets. */
function streamOptions({ upload, download }: BandwidthConfig, options: EngineOptions): StreamOptions {
  const { buffers, ticker, clock } = options;
  const filters = (rate: number | undefined): Filter[] =>
    rate === undefined ? [] : [bandwidthFilter(paceOf(rate, clock))];
  return { buffers, ticker, up: filters(upload), down: filters(download) };
}

function ruleOf(fault: FaultConfig, startedMs: number): FaultRule {
  const { direction, probability, seed } = fault;
  const clients = new CidrSet(fault.clients);
  const scope = {
    direction,
    probability,
    seed,
    expiresAtMs: startedMs + fault.expiresMs,
    appliesTo: (host: string) => clients.size === 0 || clients.find(host) !== undefined,
  };
  switch (fault.kind) {
    case "latency":
      return { ...scope, kind: fault.kind, amountMs: fault.amountMs, jitterMs: fault.jitterMs };
    case "bandwidth":
      return { ...scope, kind: fault.kind, bytesPerSecond: fault.rate };
    case "slice":
      return { ...scope, kind: fault.kind, sizeBytes: fault.sizeBytes, delayMs: fault.delayMs };
    case "reset":
    case "close":
      return {
        ...scope,
        kind: fault.kind,
        ...(fault.afterMs === undefined ? {} : { afterMs: fault.afterMs }),
        ...(fault.afterBytes === undefined ? {} : { afterBytes: fault.afterBytes }),
      };
    case "black_hole":
    case "refuse":
      return { ...scope, kind: fault.kind };
  }
}
