/**
 * Values as text.
 *
 * @module
 */

/** Shown for an unknown value. */
export const NONE = "–";

const WHOLE = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
const UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

/** @param {number | null | undefined} value */
export function count(value) {
  return value === null || value === undefined ? NONE : WHOLE.format(value);
}

/**
 * A number of bytes with three digits at most: `0 B`, `1.5 KiB`, `23 MiB`.
 *
 * @param {number | null | undefined} value
 */
export function bytes(value) {
  if (value === null || value === undefined) return NONE;
  let unit = 0;
  let rest = value;
  while (rest >= 999.5 && unit < UNITS.length - 1) {
    rest /= 1024;
    unit++;
  }
  return `${unit === 0 ? Math.round(rest) : short(rest)} ${UNITS[unit]}`;
}

/** @param {number | null | undefined} value */
export function byteRate(value) {
  return value === null || value === undefined ? NONE : `${bytes(value)}/s`;
}

/** @param {number | null | undefined} value */
export function perSecond(value) {
  return value === null || value === undefined ? NONE : `${value < 100 ? short(value) : count(value)}/s`;
}

/**
 * A time of milliseconds, such as a dial takes: `0.4 ms`, `12 ms`, `1.5 s`.
 *
 * @param {number | null | undefined} value
 */
export function milliseconds(value) {
  if (value === null || value === undefined) return NONE;
  if (value >= 100_000) return duration(value);
  return value < 1000 ? `${short(value)} ms` : `${short(value / 1000)} s`;
}

/**
 * A long time, in its two largest units: `42s`, `3m 5s`, `2h 14m`, `12d 3h`.
 *
 * @param {number} ms
 */
export function duration(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m ${seconds % 60}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 24 * 60) return `${Math.floor(minutes / 60)}h ${minutes % 60}m`;
  const hours = Math.floor(minutes / 60);
  return `${Math.floor(hours / 24)}d ${hours % 24}h`;
}

/** @param {number} share from 0 to 1 */
export function percent(share) {
  return `${Math.round(share * 100)}%`;
}

/**
 * The time of day where the reader is.
 *
 * @param {string} time as in RFC 3339
 */
export function clockTime(time) {
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? NONE : date.toLocaleTimeString("en-GB");
}

/**
 * A number with its noun: `1 connection`, `2 connections`.
 *
 * @param {number} value
 * @param {string} noun
 */
export function plural(value, noun) {
  return `${count(value)} ${noun}${value === 1 ? "" : "s"}`;
}

/**
 * A key as words: `half_close_timeout` is `half close timeout`.
 *
 * @param {string} key
 */
export function words(key) {
  return key.replaceAll("_", " ");
}

/** @param {number} value */
function short(value) {
  if (value === 0) return "0";
  return value < 9.95 ? value.toFixed(1) : String(Math.round(value));
}
