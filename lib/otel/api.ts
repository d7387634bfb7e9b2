/**
 * The part of the OpenTelemetry API (https://opentelemetry.io/docs/specs/otel/) that is used. The runtime implements it
 * and exports what it is given; so there is no package to load.
 *
 * @module
 */

/** A value of an attribute. */
export type AttributeValue = string | number;

/** Attributes by name. */
export type Attributes = Readonly<Record<string, AttributeValue>>;

/** An operation with a beginning and an end. */
export interface Span {
  setStatus(status: { readonly code: number; readonly message?: string }): unknown;
  /** In milliseconds since the Unix epoch. */
  end(time: number): void;
}

/** Makes spans. */
export interface Tracer {
  startSpan(
    name: string,
    options: {
      readonly kind: number;
      readonly root: boolean;
      readonly startTime: number;
      readonly attributes: Attributes;
    },
  ): Span;
}

/** A sum that only grows. */
export interface Counter {
  add(increase: number, attributes: Attributes): void;
}

/** A value of a moment. */
export interface Gauge {
  record(value: number, attributes: Attributes): void;
}

/**
 * Makes metrics. The API also has observable ones, with callbacks for their values; the runtime's exporter would still
 * call those while the process ends, when nothing can answer.
 */
export interface Meter {
  createCounter(name: string, options: MetricOptions): Counter;
  createGauge(name: string, options: MetricOptions): Gauge;
}

export interface MetricOptions {
  readonly description: string;
  /** In UCUM. */
  readonly unit: string;
}

/** The makers of spans and metrics. */
export interface TelemetryApi {
  readonly tracer: Tracer;
  readonly meter: Meter;
}

/** SpanKind SERVER. */
export const SERVER = 1;
/** StatusCode ERROR. */
export const ERROR = 2;

/** Where implementations of the API register, the runtime's too, if it exports anything. */
const REGISTRY = Symbol.for("opentelemetry.js.api.1");

const NAME = "tcpproxy";

/**
 * Returns the runtime's implementation; `undefined` where it exports nothing. `Deno.telemetry` is there in any case, but
 * throws then, and in Deno 2.6 ends the process.
 */
export function telemetryApi(version: string): TelemetryApi | undefined {
  const registered = (globalThis as { [REGISTRY]?: Registered })[REGISTRY];
  const tracer = registered?.trace?.getTracer(NAME, version);
  const meter = registered?.metrics?.getMeter(NAME, version);
  return tracer === undefined || meter === undefined ? undefined : { tracer, meter };
}

interface Registered {
  readonly trace?: { getTracer(name: string, version: string): Tracer };
  readonly metrics?: { getMeter(name: string, version: string): Meter };
}
