import type { FaultConfig } from "../../config/parsed.ts";

/** A moment, on the clock that the threads share and on the wall. */
export interface Moment {
  readonly clockMs: number;
  /** Milliseconds since the Unix epoch. */
  readonly epochMs: number;
}

/** Faults that the admin API has set, in place of those that it set before. */
export interface RuntimeFaults {
  readonly faults: readonly FaultConfig[];
  /** `expires` counts from here. */
  readonly since: Moment;
  /** Counts the draws of each over all threads; `undefined` where there is one thread. */
  readonly draws?: SharedArrayBuffer | undefined;
}

/** A fault that is in effect, or was until it expired. */
export interface FaultSnapshot {
  readonly fault: FaultConfig;
  /** Milliseconds since the Unix epoch. */
  readonly sinceMs: number;
  /** Milliseconds since the Unix epoch; `Infinity` for never. */
  readonly expiresAtMs: number;
  readonly source: "config" | "api";
}

/**
 * Returns the faults of an app: those of its config, then those that the admin API has set, without what has expired.
 *
 * @param since when those of the config came into effect.
 */
export function faultSnapshots(
  config: { readonly faults: readonly FaultConfig[]; readonly since: Moment },
  runtime: RuntimeFaults | undefined,
  nowMs: number,
): FaultSnapshot[] {
  const snapshots = (
    { faults, since }: typeof config | RuntimeFaults,
    source: FaultSnapshot["source"],
  ): FaultSnapshot[] =>
    faults.map((fault) => ({
      fault,
      sinceMs: since.epochMs,
      expiresAtMs: since.epochMs + fault.expiresMs,
      source,
    }));
  return [...snapshots(config, "config"), ...runtime === undefined ? [] : snapshots(runtime, "api")]
    .filter(({ expiresAtMs }) => nowMs < expiresAtMs);
}
