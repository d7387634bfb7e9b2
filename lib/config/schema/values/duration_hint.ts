import { formatDuration, MAX_DURATION_MS } from "../../../base/mod.ts";

/** Spellings of units in other programs, in milliseconds. */
const UNITS: readonly (readonly [RegExp, number])[] = [
  [/^(?:ms|msecs?|millis|milliseconds?)$/i, 1],
  [/^(?:s|secs?|seconds?)$/i, 1_000],
  [/^(?:m|mins?|minutes?)$/i, 60_000],
  [/^(?:h|hrs?|hours?)$/i, 3_600_000],
  [/^(?:d|days?)$/i, 86_400_000],
  [/^(?:w|weeks?)$/i, 604_800_000],
];

/** ` (did you mean …?)` for a duration that others would read: `1w`, `5sec`, `5 s`, `300`; else nothing. */
export function durationHint(written: string | number): string {
  const text = String(written).trim();
  if (/^[0-9]{1,9}$/.test(text)) return `; did you mean "${text}s" or "${text}ms"?`;
  if (!/^(?:[0-9]{1,9}(?:\.[0-9]{1,3})?\s*[A-Za-z]+\s*)+$/.test(text)) return "";
  let ms = 0;
  for (const [, count, unit = ""] of text.matchAll(/([0-9.]+)\s*([A-Za-z]+)/g)) {
    const factor = UNITS.find(([pattern]) => pattern.test(unit))?.[1];
    if (factor === undefined) return "";
    ms += Number(count) * factor;
  }
  const meant = formatDuration(Math.round(ms));
  return ms > MAX_DURATION_MS || meant === text ? "" : `; did you mean "${meant}"?`;
}
