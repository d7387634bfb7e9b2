/** Data for the runtime's OpenTelemetry exporter: a span for each connection, and the metrics. */
export { telemetryApi } from "./api.ts";
export type { Counter, Gauge, Meter, Span, TelemetryApi, Tracer } from "./api.ts";
export { MetricsExport, valuesOf } from "./metrics.ts";
export { exportSpans } from "./spans.ts";
