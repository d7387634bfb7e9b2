/** A receiver of OTLP over HTTP in JSON (https://opentelemetry.io/docs/specs/otlp/) that keeps what it is sent. */

import { Arrivals } from "../arrivals.ts";

/** A value as OTLP has it in JSON. */
type OtlpValue = {
  readonly stringValue?: string;
  readonly intValue?: string | number;
  readonly doubleValue?: number;
};

interface OtlpAttribute {
  readonly key: string;
  readonly value: OtlpValue;
}

export interface ReceivedSpan {
  readonly name: string;
  readonly kind: number;
  readonly parentSpanId?: string;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly OtlpAttribute[];
  readonly status: { readonly code?: number; readonly message?: string };
}

export interface ReceivedPoint {
  readonly name: string;
  readonly kind: "sum" | "gauge";
  readonly value: number;
  readonly attributes: Record<string, string | number>;
}

/** Attributes as a plain object. */
export function plain(attributes: readonly OtlpAttribute[] = []): Record<string, string | number> {
  return Object.fromEntries(
    attributes.map(({ key, value }) => [
      key,
      value.stringValue ?? (value.intValue === undefined ? value.doubleValue ?? NaN : Number(value.intValue)),
    ]),
  );
}

export class OtlpReceiver implements AsyncDisposable {
  readonly spans: ReceivedSpan[] = [];
  /** The points of the last export. */
  points: ReceivedPoint[] = [];
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #arrivals = new Arrivals();

  constructor() {
    this.#server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
      const body = await request.json();
      const { pathname } = new URL(request.url);
      if (pathname === "/v1/traces") this.#takeSpans(body);
      if (pathname === "/v1/metrics") this.#takePoints(body);
      this.#arrivals.tell();
      return Response.json({});
    });
  }

  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  /** Resolves when it is so, which is looked at whenever something has come. */
  async when(isSo: () => boolean): Promise<void> {
    await this.#arrivals.find(
      () => isSo() ? true : undefined,
      () => ({ spans: this.spans, points: this.points.length }),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }

  // deno-lint-ignore no-explicit-any -- the form of OTLP, as the test expects it
  #takeSpans(body: any): void {
    for (const { scopeSpans } of body.resourceSpans) {
      for (const { scope, spans } of scopeSpans) if (scope.name === "tcpproxy") this.spans.push(...spans);
    }
  }

  // deno-lint-ignore no-explicit-any -- the form of OTLP, as the test expects it
  #takePoints(body: any): void {
    const points: ReceivedPoint[] = [];
    for (const { scopeMetrics } of body.resourceMetrics) {
      for (const { scope, metrics } of scopeMetrics) {
        if (scope.name !== "tcpproxy") continue;
        for (const { name, sum, gauge } of metrics) {
          for (const { asDouble, asInt, attributes } of (sum ?? gauge)?.dataPoints ?? []) {
            points.push({
              name,
              kind: sum === undefined ? "gauge" : "sum",
              value: asDouble ?? Number(asInt),
              attributes: plain(attributes),
            });
          }
        }
      }
    }
    if (points.length > 0) this.points = points;
  }
}
