/**
 * Durations, sizes and rates as operators write them.
 *
 * A duration is a number of milliseconds, `Infinity` for `off`, so that "has it lasted longer than the limit" needs no
 * special case. A size is a number of bytes.
 *
 * @module
 */

/** A quantity that cannot be read; the message says what it is and what is expected. */
export class UnitError extends Error {
  override readonly name = "UnitError";
}

const DURATION_UNITS_MS = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1_000, ms: 1 } as const;

const SIZE_UNITS_BYTES = {
  GiB: 1024 ** 3,
  MiB: 1024 ** 2,
  KiB: 1024,
  GB: 1000 ** 3,
  MB: 1000 ** 2,
  KB: 1000,
  kB: 1000,
  B: 1,
} as const;

/**
 * The longest duration, 30 days: longer than that, `off` is meant. (A timer of the runtime overflows at 24.8 days; no
 * duration reaches a timer directly.)
 */
export const MAX_DURATION_MS = 30 * 24 * 3_600_000;

/** The largest size, 1 TiB. */
export const MAX_SIZE_BYTES = 1024 ** 4;

/**
 * Parses `500ms`, `5s`, `10m`, `1h`, `1d` or `off` to milliseconds; `off` is `Infinity`. One unit may have a fraction
 * (`1.5s`); of several, each stands once, the largest first (`1h30m`).
 *
 * @throws {UnitError} when it is none of them, negative, or above 30 days.
 */
export function parseDuration(text: string): number {
  if (text === "off") return Infinity;
  if (text === "" || !DURATION.test(text)) {
    throw new UnitError(`the duration is "${text}"; expected one like 500ms, 5s, 10m, 1h30m or off`);
  }
  let ms = 0;
  for (const [, count, unit] of text.matchAll(/([\d.]+)([a-z]+)/g)) {
    ms += Number(count) * DURATION_UNITS_MS[unit as keyof typeof DURATION_UNITS_MS];
  }
  if (ms > MAX_DURATION_MS) {
    throw new UnitError(`the duration is "${text}"; expected at most 720h, or off`);
  }
  return Math.round(ms);
}

const DURATION = /^(?:\d+(?:\.\d+)?(?:d|h|ms|m|s)|(?:\d+d)?(?:\d+h)?(?:\d+m(?!s))?(?:\d+s)?(?:\d+ms)?)$/;

/** Formats so that {@link parseDuration} reads the same milliseconds again, in the largest unit up to `h` that is exact. */
export function formatDuration(ms: number): string {
  if (ms === Infinity) return "off";
  for (const unit of ["h", "m", "s", "ms"] as const) {
    const factor = DURATION_UNITS_MS[unit];
    if (ms >= factor && ms % factor === 0) return `${ms / factor}${unit}`;
  }
  return `${ms}${ms === 0 ? "s" : "ms"}`;
}

/**
 * Parses `512B`, `16KiB`, `10MiB`, `1GiB` (or the decimal `KB`, `MB`, `GB`) to bytes. Fractions are read (`1.5MiB`).
 *
 * @throws {UnitError} when it is none of them, no whole number of bytes, or above 1 TiB.
 */
export function parseSize(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(B|KiB|MiB|GiB|[kK]B|MB|GB)$/.exec(text);
  if (match === null) throw new UnitError(`the size is "${text}"; expected one like 512B, 16KiB or 10MiB`);
  const bytes = Number(match[1]) * SIZE_UNITS_BYTES[match[2] as keyof typeof SIZE_UNITS_BYTES];
  if (bytes > MAX_SIZE_BYTES) throw new UnitError(`the size is "${text}"; expected at most 1024GiB`);
  return Math.round(bytes);
}

/** Formats so that {@link parseSize} reads the same bytes again, in the largest unit that is exact. */
export function formatSize(bytes: number): string {
  for (const unit of ["GiB", "MiB", "KiB"] as const) {
    const factor = SIZE_UNITS_BYTES[unit];
    if (bytes >= factor && bytes % factor === 0) return `${bytes / factor}${unit}`;
  }
  return `${bytes}B`;
}

/**
 * Parses a flow of bytes, `10MiB/s`, to bytes per second.
 *
 * @throws {UnitError} when it is no size per second, or zero.
 */
export function parseByteRate(text: string): number {
  const match = /^(.+)\/s$/.exec(text);
  if (match === null) throw new UnitError(`the rate is "${text}"; expected one like 64KiB/s or 10MiB/s`);
  const bytes = parseSize(match[1] ?? "");
  if (bytes === 0) throw new UnitError(`the rate is "${text}"; expected more than nothing`);
  return bytes;
}

/** Formats so that {@link parseByteRate} reads the same rate again. */
export function formatByteRate(bytesPerSecond: number): string {
  return `${formatSize(bytesPerSecond)}/s`;
}

/** So many events in a time. `60/m` and `1/s` are the same in the long run, and differ in what may come at once. */
export interface EventRate {
  /** In the long run. */
  readonly ratePerSecond: number;
  /** The most at once after a pause: the whole count, whatever its time; at least 1. */
  readonly burst: number;
}

/**
 * Parses a number of events in a second, a minute or an hour: `100/s`, `30/m`, `500/h`.
 *
 * @throws {UnitError} when it is none of them, or zero.
 */
export function parseEventRate(text: string): EventRate {
  const match = /^(\d+(?:\.\d+)?)\/(s|m|h)$/.exec(text);
  const count = Number(match?.[1] ?? NaN);
  if (match === null || !(count > 0)) {
    throw new UnitError(`the rate is "${text}"; expected one like 100/s or 30/m`);
  }
  const unitMs = DURATION_UNITS_MS[match[2] as keyof typeof DURATION_UNITS_MS];
  return { ratePerSecond: count * 1000 / unitMs, burst: Math.max(1, count) };
}

/** Formats so that {@link parseEventRate} reads the same rate again, where that has read it from a whole number. */
export function formatEventRate({ ratePerSecond, burst }: EventRate): string {
  const seconds = Math.round(burst / ratePerSecond);
  const unit = seconds <= 1 ? "s" : seconds <= 60 ? "m" : "h";
  return `${burst}/${unit}`;
}
