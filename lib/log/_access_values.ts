import type { TcpMeasures } from "../base/mod.ts";

// A detail may quote what a peer sent: a certificate's names can be tens of kilobytes long.
const MAX_DETAIL_CHARS = 1000;

/** A time in RFC 3339, UTC, with milliseconds; the epoch for a time outside the range of dates. */
export function timestamp(epochMs: number): string {
  return new Date(Math.abs(epochMs) <= 8.64e15 ? epochMs : 0).toISOString();
}

/** The detail, cut to 1,000 characters. */
export function shortenedDetail(detail: string): string {
  return detail.length > MAX_DETAIL_CHARS ? `${detail.slice(0, MAX_DETAIL_CHARS)}…` : detail;
}

/** Milliseconds rounded to a tenth: a local connect takes 0.2 ms, which would be 0 as a whole number. */
export function tenths(ms: number): number {
  return Number.isFinite(ms) ? Math.round(ms * 10) / 10 : 0;
}

/** A round-trip time in milliseconds, to a hundredth; `undefined` for none. */
export function rtt(measures: TcpMeasures | undefined): number | undefined {
  return measures && Math.round(measures.rttMs * 100) / 100;
}
