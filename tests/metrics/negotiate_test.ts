import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { negotiateFormat } from "../../lib/metrics/mod.ts";

const CASES: readonly (readonly [accept: string | undefined, format: string])[] = [
  [undefined, "text"],
  ["", "text"],
  ["*/*", "text"],
  ["text/plain", "text"],
  ["application/json", "text"],
  ["application/openmetrics-text", "openmetrics"],
  ["application/openmetrics-text; version=1.0.0; charset=utf-8", "openmetrics"],
  ['Application/OpenMetrics-Text;Version="1.0.0"', "openmetrics"],
  ["application/openmetrics-text;version=2.0.0", "text"],
  ["application/openmetrics-text;q=0", "text"],
  ["application/openmetrics-text;q=x,text/plain", "text"],
  ["application/openmetrics-text;q=0.5,text/plain;q=0.6", "text"],
  ["application/openmetrics-text;q=0.5,text/plain;q=0.5", "openmetrics"],
  // The more specific range counts.
  ["application/openmetrics-text;q=0.5,text/*;q=0.4,*/*", "openmetrics"],
  // Prometheus 2.42, and 3.
  [
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
    "openmetrics",
  ],
  [
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1",
    "openmetrics",
  ],
];

for (const [accept, format] of CASES) {
  Deno.test(`negotiateFormat: ${JSON.stringify(accept) ?? "no Accept"} gets ${format}`, () => {
    assertEquals(negotiateFormat(accept), format);
  });
}

Deno.test("negotiateFormat: no header makes it fail", () => {
  fc.assert(fc.property(fc.string(), (accept) => {
    negotiateFormat(accept);
  }));
});
