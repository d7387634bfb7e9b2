import type { Clock } from "../base/mod.ts";
import type { BandwidthConfig } from "../config/mod.ts";
import { ByteBucket } from "../limits/mod.ts";
import {
  bandwidthFilter,
  type BufferPool,
  type Filter,
  pumpEngine,
  type RelayEngine,
  streamEngine,
  type Ticker,
} from "../relay/mod.ts";

export interface EngineOptions {
  readonly buffers: BufferPool;
  readonly ticker: Ticker;
  readonly clock: Clock;
}

/** The pump where bytes only pass; the stream pipeline where something must happen to them. */
export function engineFor(bandwidth: BandwidthConfig, options: EngineOptions): () => RelayEngine {
  const { buffers, ticker, clock } = options;
  const { upload, download } = bandwidth;
  if (upload === undefined && download === undefined) {
    const pump = pumpEngine({ buffers, ticker });
    return () => pump;
  }
  const filters = (rate: number | undefined): Filter[] =>
    rate === undefined ? [] : [bandwidthFilter(new ByteBucket(rate, clock.nowMs()), clock)];
  return () => streamEngine({ buffers, ticker, up: filters(upload), down: filters(download) });
}
