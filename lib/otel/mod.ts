/** What the runtime's OpenTelemetry exporter is given: a span for each connection, and the metrics. */
export { telemetryApi } from "./api.ts";
export type { Counter, Gauge, Meter, Span, TelemetryApi, Tracer } from "./api.ts";
export { MetricsExport, valuesOf } from "./metrics.ts";
export { exportSpans } from "./spans.ts";
