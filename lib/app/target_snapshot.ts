/**
 * What is known of targets, as plain data: of those that a config names, or of those of a proxy that runs. To look changes
 * nothing: no place is taken, nobody's turn is used.
 *
 * @module
 */
import type { TargetAddress } from "../base/mod.ts";
import type { AppConfig, TargetConfig } from "../config/mod.ts";
import type { Pool, Target } from "../pool/mod.ts";
import { targetSpec } from "./target_spec.ts";
import type { TargetMonitor } from "./target_monitor.ts";

/** Whether a target is in use, for all that is known of it: `down` by the checks, `ejected` by its connections. */
export type TargetHealth = "up" | "down" | "ejected";

/** One target. */
export interface TargetSnapshot {
  readonly address: TargetAddress;
  /** The address as text. */
  readonly label: string;
  /** 0 for primaries, then the ranks of backups. */
  readonly tier: number;
  /** As it is configured, or as an SRV record has it. */
  readonly weight: number;
  /** The weight of this moment: less in a slow start. */
  readonly currentWeight: number;
  readonly health: TargetHealth;
  /** Connections that dial it or are relayed to it, those of all threads; `undefined` where nobody knows. */
  readonly active: number | undefined;
  /** `Infinity` for no limit. */
  readonly maxConnections: number;
  /** Whether it is at that limit. */
  readonly isFull: boolean;
  /** The entry of the config by which discovery has found it. */
  readonly foundBy: string | undefined;
  /** How discovery will make targets of it; only of a config that does not run. */
  readonly discover: TargetConfig["discover"];
}

/** The targets that one connection chooses from. */
export interface PoolSnapshot {
  readonly targets: readonly TargetSnapshot[];
  /** The entries by which discovery has no target at this moment. */
  readonly emptyEntries: readonly string[];
}

/** The targets of a config that does not run: all of them up and idle, as nobody knows more. */
export function assumedSnapshot(targets: readonly TargetConfig[], config: AppConfig): PoolSnapshot {
  return {
    emptyEntries: [],
    targets: targets.map((target): TargetSnapshot => {
      const { address, tier = 0 } = targetSpec(target, config);
      return {
        address,
        label: target.label,
        tier,
        weight: target.weight,
        currentWeight: target.weight,
        health: "up",
        active: undefined,
        maxConnections: target.maxConnections,
        isFull: false,
        foundBy: undefined,
        discover: target.discover,
      };
    }),
  };
}

/** What is beside a pool. */
export interface SnapshotOptions {
  /** What keeps the pool true; `undefined` where another thread does. */
  readonly monitor: TargetMonitor | undefined;
  /**
   * The connections of each target where they are not the pool's own, `undefined` for those that nobody counts; default
   * the pool's.
   */
  readonly active?: readonly (number | undefined)[];
}

/** The targets of a pool at this moment. */
export function poolSnapshot(pool: Pool, { monitor, active }: SnapshotOptions): PoolSnapshot {
  const origins = monitor?.origins();
  return {
    emptyEntries: monitor?.emptyEntries() ?? [],
    targets: pool.targets.map((target, index): TargetSnapshot => {
      const taken = active === undefined ? target.active : active[index];
      return {
        address: target.address,
        label: target.label,
        tier: target.tier,
        weight: target.weight,
        currentWeight: pool.weightOf(target),
        health: healthOf(target),
        active: taken,
        maxConnections: target.maxConnections,
        isFull: active === undefined ? target.full : taken !== undefined && taken >= target.maxConnections,
        foundBy: origins?.get(target.label),
        discover: undefined,
      };
    }),
  };
}

function healthOf({ up, ejected }: Target): TargetHealth {
  return up ? ejected ? "ejected" : "up" : "down";
}
