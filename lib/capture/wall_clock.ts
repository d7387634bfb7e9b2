import { type Clock, monotonicClock } from "../base/mod.ts";
import type { TimestampResolution } from "../protocol/mod.ts";

/** The clock of sessions, and how its times read on the wall. */
export interface WallClock extends Clock {
  /** Converts a time of this clock to milliseconds since the Unix epoch, with fractions. */
  wallMs(atMs: number): number;
}

/** How far apart two ways to read the time may be before the system's clock counts as set since the start. */
const SET_MS = 5;

/** Returns a clock with the system's time of this moment. @param clock that of the sessions. */
export function wallClock(clock: Clock): WallClock {
  const systemMs = Date.now();
  // Finer than the system's time as the runtime shows it, but as it was at the start.
  const fineMs = performance.timeOrigin + monotonicClock.nowMs();
  const wallNowMs = Math.abs(fineMs - systemMs) < SET_MS ? fineMs : systemMs;
  const offsetMs = wallNowMs - clock.nowMs();
  return { nowMs: () => clock.nowMs(), wallMs: (atMs) => atMs + offsetMs };
}

/** Converts milliseconds since the Unix epoch to a timestamp. */
export function timestampOf(wallMs: number, resolution: TimestampResolution): bigint {
  const wholeMs = Math.floor(wallMs);
  const perMs = resolution === "ns" ? 1_000_000 : 1000;
  return BigInt(wholeMs) * BigInt(perMs) + BigInt(Math.floor((wallMs - wholeMs) * perMs));
}
