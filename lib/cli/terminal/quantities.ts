/**
 * Quantities as short as columns need them. Not for reading back: see `lib/base/units.ts` for those of a config.
 *
 * @module
 */

const BINARY = ["B", "K", "M", "G", "T", "P"] as const;
const DECIMAL = ["", "k", "M", "G", "T"] as const;

/** Returns a number of bytes in at most five characters: `0`, `512B`, `1.5K`, `123M`. */
export function shortBytes(bytes: number): string {
  return bytes < 0.5 ? "0" : scaled(bytes, 1024, BINARY);
}

/** Returns what has passed in both directions: `1.5K up 12M down`; a dash for what nobody counts. */
export function bytesText({ bytesUp, bytesDown }: {
  readonly bytesUp: number | null;
  readonly bytesDown: number | null;
}): string {
  if (bytesUp === null || bytesDown === null) return "-";
  return `${shortBytes(bytesUp)} up ${shortBytes(bytesDown)} down`;
}

/** Returns a count as {@link shortCount}; a dash for what nobody counts. */
export function countText(count: number | null): string {
  return count === null ? "-" : shortCount(count);
}

/** Returns a rate of bytes: `1.5M/s`; `0` where nothing flows. */
export function shortByteRate(bytesPerSecond: number): string {
  return bytesPerSecond < 0.5 ? "0" : `${shortBytes(bytesPerSecond)}/s`;
}

/** Returns a count in at most five characters: `0`, `9999`, `12.3k`. */
export function shortCount(count: number): string {
  return count < 10_000 ? String(Math.round(count)) : scaled(count, 1000, DECIMAL);
}

/** Returns a rate of events: `0`, `0.3/s`, `12/s`. */
export function shortRate(perSecond: number): string {
  if (perSecond < 0.05) return "0";
  return `${perSecond < 9.95 ? perSecond.toFixed(1) : shortCount(perSecond)}/s`;
}

/** Returns a share in percent: `0%`, `58%`, `100%`. Neither a little nor almost everything is rounded away. */
export function shortShare(share: number): string {
  const percent = share * 100;
  return percent > 0 && percent < 1
    ? "<1%"
    : percent > 99 && percent < 100
    ? ">99%"
    : `${Math.round(percent)}%`;
}

/** Returns a short time: `0.4ms`, `12ms`, `1.2s`; longer ones as {@link shortAge}. */
export function shortTime(ms: number): string {
  if (ms < 9.95) return `${ms.toFixed(1)}ms`;
  if (ms < 999.5) return `${Math.round(ms)}ms`;
  return ms < 9_950 ? `${(ms / 1000).toFixed(1)}s` : shortAge(ms);
}

/** Returns a duration in its two largest units: `0s`, `59s`, `3m04s`, `2h13m`, `5d03h`. */
export function shortAge(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}m${two(seconds % 60)}s`;
  const hours = Math.floor(minutes / 60);
  return hours < 24 ? `${hours}h${two(minutes % 60)}m` : `${Math.floor(hours / 24)}d${two(hours % 24)}h`;
}

function two(number: number): string {
  return String(number).padStart(2, "0");
}

function scaled(number: number, base: number, units: readonly string[]): string {
  let [value, unit] = [number, 0];
  // 999.5 would be rounded to four digits.
  while (value >= 999.5 && unit < units.length - 1) {
    value /= base;
    unit++;
  }
  return `${value < 9.95 && unit > 0 ? value.toFixed(1) : Math.round(value)}${units[unit]}`;
}
