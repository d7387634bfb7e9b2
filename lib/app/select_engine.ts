import type { Clock } from "../base/mod.ts";
import type { BandwidthConfig } from "../config/parsed.ts";
import { ByteBucket } from "../limits/mod.ts";
import {
  bandwidthFilter,
  type BufferPool,
  canBePolled,
  type Filter,
  Pace,
  polledEngine,
  pumpEngine,
  type RelayEngine,
  type StreamOptions,
  type Ticker,
} from "../relay/mod.ts";

export interface EngineOptions {
  readonly buffers: BufferPool;
  readonly ticker: Ticker;
  readonly clock: Clock;
}

/** Returns a factory of engines for sessions without faults. */
export function engineFor(bandwidth: BandwidthConfig, options: EngineOptions): () => RelayEngine {
  if (bandwidth.upload === undefined && bandwidth.download === undefined) {
    const pump = pumpEngine(options);
    const polled = polledEngine(options);
    // Which connections it gets is only known when it begins: TLS, for one, cannot be polled.
    const either: RelayEngine = (ends, context) => (canBePolled(ends) ? polled : pump)(ends, context);
    return () => either;
  }
  const { clock } = options;
  const pace = (rate: number | undefined): Pace | undefined =>
    rate === undefined ? undefined : paceOf(rate, clock);
  return () => pumpEngine({ ...options, up: pace(bandwidth.upload), down: pace(bandwidth.download) });
}

function paceOf(rate: number, clock: Clock): Pace {
  return new Pace(rate, new ByteBucket(rate, clock.nowMs()), { clock });
}

/** The filters of one session; each connection has its own budgets. */
export function streamOptions({ upload, download }: BandwidthConfig, options: EngineOptions): StreamOptions {
  const { buffers, ticker, clock } = options;
  const filters = (rate: number | undefined): Filter[] =>
    rate === undefined ? [] : [bandwidthFilter(paceOf(rate, clock))];
  return { buffers, ticker, clock, up: filters(upload), down: filters(download) };
}
