// A detail may quote what a peer sent: a certificate's names can be tens of kilobytes long.
const MAX_DETAIL_CHARS = 1000;

/** RFC 3339 in UTC with milliseconds; the epoch itself for a time that no date can hold. */
export function timestamp(epochMs: number): string {
  return new Date(Math.abs(epochMs) <= 8.64e15 ? epochMs : 0).toISOString();
}

/** A detail of at most 1,000 characters. */
export function shortenedDetail(detail: string): string {
  return detail.length > MAX_DETAIL_CHARS ? `${detail.slice(0, MAX_DETAIL_CHARS)}…` : detail;
}

/** To a tenth: a connect on one machine takes 0.2 ms, which whole milliseconds would call nothing. */
export function tenths(ms: number): number {
  return Number.isFinite(ms) ? Math.round(ms * 10) / 10 : 0;
}
