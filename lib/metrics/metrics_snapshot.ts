import type { CountersSnapshot } from "./counters_snapshot.ts";

/** The metrics of a proxy at one moment. */
export interface MetricsSnapshot {
  readonly counters: CountersSnapshot;
  /** In the order of the config. */
  readonly apps: readonly AppGauges[];
  readonly workers: WorkerCount;
  readonly certificates: readonly CertificateExpiry[];
  /** Whether it no longer accepts connections. */
  readonly isDraining: boolean;
}

/** The threads that carry connections. */
export interface WorkerCount {
  readonly count: number;
  /** Workers that have crashed. */
  readonly deaths: number;
  /** Crashed workers that were replaced. */
  readonly restarts: number;
}

/** The state of an app. */
export interface AppGauges {
  readonly name: string;
  /** `Infinity` for no limit. */
  readonly maxConnections: number;
  /** Each target of its pools; one that is in several pools is there several times. */
  readonly targets: readonly TargetGauges[];
}

/** The state of a target in a pool. */
export interface TargetGauges {
  readonly label: string;
  readonly health: "up" | "down" | "ejected";
  /** Whether an operator has set it to drain or down. */
  readonly isInMaintenance: boolean;
  /** The effective weight: less than configured during a slow start. */
  readonly weight: number;
}

/** The end of a certificate's validity. */
export interface CertificateExpiry {
  readonly app: string;
  readonly file: string;
  /** In milliseconds since the Unix epoch. */
  readonly validToMs: number;
}
