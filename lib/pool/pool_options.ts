import type { Clock, Random } from "../base/mod.ts";
import type { StrategyName } from "../balancing/mod.ts";
import type { Target } from "./target.ts";

/** When failed connections eject a target; see {@link PassiveHealth}. */
export interface PassivePolicy {
  readonly failures: number;
  readonly windowMs: number;
  readonly ejectForMs: number;
  /** 0 to 1. */
  readonly maxEjected: number;
}

/** What happened to a target; `set` is what an operator has set. */
export type TargetChange = "up" | "down" | "ejected" | "returned" | "added" | "removed" | "set";

/** The events of a pool. */
export interface PoolObserver {
  /** Called once per change, with the reason. */
  targetChanged(target: Target, change: TargetChange, detail: string): void;
}

export interface PoolOptions {
  readonly balance: StrategyName;
  /** Default `Math.random`. */
  readonly random?: Random;
  /** Default the runtime's. */
  readonly clock?: Clock;
  /** Milliseconds since the Unix epoch; default `Date.now`. */
  readonly wallClockMs?: () => number;
  /** The time that a target coming (back) into use takes to reach its weight; default 0, none. */
  readonly slowStartMs?: number;
  /** Default none. */
  readonly passive?: PassivePolicy;
  readonly observer?: PoolObserver;
  /** Receives what {@link Pool.report} receives, where another thread judges passive health. */
  readonly onReport?: (
    target: { readonly index: number; readonly label: string },
    outcome: "succeeded" | "failed",
  ) => void;
  /** Called after any change that `statesOf` shows. */
  readonly onChange?: () => void;
}

/** Why targets come and go, for the log. */
export interface UpdateReason {
  readonly added: string;
  readonly removed: string;
}

export const DISCOVERED: UpdateReason = { added: "discovered", removed: "no longer discovered" };
export const CONFIGURED: UpdateReason = { added: "new in the config", removed: "no longer in the config" };

/** Whether an ejection under one policy is valid under the other. */
export function isSamePolicy(a: PassivePolicy | undefined, b: PassivePolicy | undefined): boolean {
  return a?.failures === b?.failures && a?.windowMs === b?.windowMs && a?.ejectForMs === b?.ejectForMs &&
    a?.maxEjected === b?.maxEjected;
}
