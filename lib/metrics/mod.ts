/** The counters of a proxy: plain numbers in each thread, added up on request, and as text for Prometheus. */
export { AppCounters } from "./app_counters.ts";
export { CollectedCounters } from "./collected_counters.ts";
export {
  activeOf,
  type AppCount,
  type CountersSnapshot,
  DIAL_RESULTS,
  mergeApps,
  mergeCounters,
  NO_APP_COUNT,
  NO_COUNTS,
  NO_TARGET_COUNT,
  type TargetCount,
} from "./counters_snapshot.ts";
export { SHOWN_AFTER_MS } from "./departures.ts";
export {
  emptyHistogram,
  Histogram,
  type HistogramSnapshot,
  mergeHistograms,
  quantile,
  SESSION_BOUNDS_MS,
  WAIT_BOUNDS_MS,
} from "./histogram.ts";
export { escapeQuoted, exposition, type ExpositionFormat, type Family, MEDIA_TYPES } from "./exposition.ts";
export { families, type ProcessFacts } from "./families.ts";
export { type Metric, METRICS } from "./metric.ts";
export { negotiateFormat } from "./negotiate.ts";
export { LoopDelay, type Repeat, runtimeRepeat } from "./loop_delay.ts";
export type {
  AppGauges,
  CertificateExpiry,
  MetricsSnapshot,
  TargetGauges,
  WorkerCount,
} from "./metrics_snapshot.ts";
export { type Spread, spreadOf } from "./spread.ts";
export { type LiveTarget, ThreadCounters, type ThreadCountersOptions } from "./thread_counters.ts";
