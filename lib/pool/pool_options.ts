import type { Clock, Random } from "../base/mod.ts";
import type { StrategyName } from "../balancing/mod.ts";
import type { Target } from "./target.ts";

/** When real connections take a target out of use; the fields of {@link PassiveHealth}. */
export interface PassivePolicy {
  readonly failures: number;
  readonly windowMs: number;
  readonly ejectForMs: number;
  /** 0 to 1. */
  readonly maxEjected: number;
}

/** Why a target went out of use or came back. */
export type TargetChange = "up" | "down" | "ejected" | "returned" | "added" | "removed";

/** What a pool tells whoever looks on. */
export interface PoolObserver {
  /** Said once a change, with what it was about. */
  targetChanged(target: Target, change: TargetChange, detail: string): void;
}

export interface PoolOptions {
  readonly balance: StrategyName;
  /** Default `Math.random`. */
  readonly random?: Random;
  /** Default the runtime's. */
  readonly clock?: Clock;
  /** How long a target that comes (back) into use takes to reach its weight; default 0, at once. */
  readonly slowStartMs?: number;
  /** Default none. */
  readonly passive?: PassivePolicy;
  readonly observer?: PoolObserver;
  /** Is told what {@link Pool.report} is told, where passive health is another's to judge. */
  readonly onReport?: (
    target: { readonly index: number; readonly label: string },
    outcome: "succeeded" | "failed",
  ) => void;
  /** Called after anything has changed that `statesOf` says. */
  readonly onChange?: () => void;
}

/** Why targets come and go, as the log says it. */
export interface UpdateReason {
  readonly added: string;
  readonly removed: string;
}

export const DISCOVERED: UpdateReason = { added: "discovered", removed: "no longer discovered" };
export const CONFIGURED: UpdateReason = { added: "new in the config", removed: "no longer in the config" };

/** Whether what was ejected by one policy is out of use by the other, too. */
export function isSamePolicy(a: PassivePolicy | undefined, b: PassivePolicy | undefined): boolean {
  return a?.failures === b?.failures && a?.windowMs === b?.windowMs && a?.ejectForMs === b?.ejectForMs &&
    a?.maxEjected === b?.maxEjected;
}
