/** What the runtime's OpenTelemetry exporter is given: a span for each connection, and the metrics. */
export { telemetryApi } from "./api.ts";
export type { Meter, Observable, Observations, Span, TelemetryApi, Tracer } from "./api.ts";
export { exportMetrics, valuesOf } from "./metrics.ts";
export { exportSpans } from "./spans.ts";
