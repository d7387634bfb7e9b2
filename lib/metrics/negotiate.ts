import type { ExpositionFormat } from "./exposition.ts";

const OPENMETRICS = "application/openmetrics-text";
const OPENMETRICS_VERSIONS: readonly (string | undefined)[] = [undefined, "1.0.0", "0.0.1"];
/** From the most specific to the least (RFC 9110 section 12.5.1). */
const TEXT = ["text/plain", "text/*", "*/*"] as const;

/**
 * Chooses the format for a request's `Accept`. OpenMetrics must be named, and be worth at least as much as plain text;
 * a client that accepts neither gets plain text, which a person can read.
 */
export function negotiateFormat(accept: string | undefined): ExpositionFormat {
  const ranges = (accept ?? "").split(",").map(mediaRange);
  const openmetrics = ranges.filter(({ type, version }) =>
    type === OPENMETRICS && OPENMETRICS_VERSIONS.includes(version)
  );
  const best = Math.max(0, ...openmetrics.map(({ quality }) => quality));
  return best > 0 && best >= textQuality(ranges) ? "openmetrics" : "text";
}

function textQuality(ranges: readonly MediaRange[]): number {
  for (const type of TEXT) {
    const found = ranges.filter((range) => range.type === type);
    if (found.length > 0) return Math.max(...found.map(({ quality }) => quality));
  }
  return 0;
}

interface MediaRange {
  readonly type: string;
  readonly version: string | undefined;
  /** From 0 to 1; 0 for one that cannot be read. */
  readonly quality: number;
}

function mediaRange(text: string): MediaRange {
  const [type = "", ...parameters] = text.split(";").map((part) => part.trim().toLowerCase());
  const values = new Map(parameters.map((parameter) => {
    const [name = "", value = ""] = parameter.split("=").map((part) => part.trim());
    return [name, value.replaceAll('"', "")];
  }));
  const quality = Number(values.get("q") ?? "1");
  return { type, version: values.get("version"), quality: quality >= 0 && quality <= 1 ? quality : 0 };
}
