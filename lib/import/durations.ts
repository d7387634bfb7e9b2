import { formatDuration } from "../base/mod.ts";

const UNITS_MS: Readonly<Record<string, number>> = {
  us: 0.001,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
  M: 2_592_000_000,
  y: 31_536_000_000,
};

/** The longest that a config of ours takes: 30 days. */
const MAX_MS = 720 * 3_600_000;

/**
 * Reads a time of HAProxy or nginx, in milliseconds: numbers with units, one after the other (`1h30m`), `defaultUnit`
 * for a number alone; `undefined` for anything else. nginx's `M` and `y` are months and years.
 */
export function readTimeMs(text: string, defaultUnit: "ms" | "s"): number | undefined {
  // Only the last number may be without a unit.
  if (!/^(?:\d{1,12}(?:us|ms|[smhdwMy]))*(?:\d{1,12})?$/.test(text) || text === "") return undefined;
  let totalMs = 0;
  for (const [, digits = "", unit = ""] of text.matchAll(/(\d+)(us|ms|[smhdwMy])?/g)) {
    totalMs += Number(digits) * (UNITS_MS[unit === "" ? defaultUnit : unit] ?? 0);
  }
  return totalMs;
}

/** A time as a config of ours has it; what is longer than it takes is the longest. */
export function durationOf(ms: number): string {
  return formatDuration(Math.min(MAX_MS, Math.max(1, Math.round(ms))));
}
