import type { Cidr, Direction } from "../../base/mod.ts";

/** The directions that a fault may have. */
export const FAULT_DIRECTIONS = ["up", "down", "both"] as const;

/** The settings that all faults share. */
export interface FaultScope {
  /** Which bytes it acts on. `refuse`, and what acts after a time, have no use for it. */
  readonly direction: Direction | "both";
  /** The share of sessions that it hits, 0 to 1. */
  readonly probability: number;
  /** The clients that it hits; empty for all. */
  readonly clients: readonly Cidr[];
  /** How long after the config was loaded it ends; `Infinity` for never. */
  readonly expiresMs: number;
  /** Makes the draws repeatable, 0 to 2^32 - 1; `undefined` for chance. */
  readonly seed: number | undefined;
}

/** Every piece leaves `amountMs`, give or take `jitterMs`, after it came. */
export interface LatencyFault {
  readonly kind: "latency";
  readonly amountMs: number;
  /** At most `amountMs`. */
  readonly jitterMs: number;
}

/** Bytes pass at no more than a rate. */
export interface BandwidthFault {
  readonly kind: "bandwidth";
  /** Bytes per second. */
  readonly rate: number;
}

/** Bytes pass in small pieces. */
export interface SliceFault {
  readonly kind: "slice";
  readonly sizeBytes: number;
  /** The wait between two pieces. */
  readonly delayMs: number;
}

/** The connection is cut: by a reset, or in order. Exactly one of the two conditions is there. */
export interface CutFault {
  readonly kind: "reset" | "close";
  /** So long after the session began to relay. */
  readonly afterMs: number | undefined;
  /** After so many bytes of the fault's direction. */
  readonly afterBytes: number | undefined;
}

/** Bytes are taken and go nowhere. */
export interface BlackHoleFault {
  readonly kind: "black_hole";
}

/** The client is closed before any dial. */
export interface RefuseFault {
  readonly kind: "refuse";
}

/** One fault that is done to the sessions it hits. */
export type FaultConfig =
  & FaultScope
  & (LatencyFault | BandwidthFault | SliceFault | CutFault | BlackHoleFault | RefuseFault);
