/**
 * Target state as plain data, of a config or of a running proxy. Reading it changes nothing: it takes no place and no
 * turn.
 *
 * @module
 */
import type { TargetAddress } from "../../base/mod.ts";
import type { AppConfig, TargetConfig } from "../../config/parsed.ts";
import type { Pool, TargetAdmin, TargetHealth } from "../../pool/mod.ts";
import { targetSpec } from "./target_spec.ts";
import type { TargetMonitor } from "./target_monitor.ts";

export type { TargetAdmin, TargetHealth } from "../../pool/mod.ts";

/** One target. */
export interface TargetSnapshot {
  readonly address: TargetAddress;
  /** The address as text. */
  readonly label: string;
  /** 0 for primaries, 1 and up for backups. */
  readonly tier: number;
  /** As an operator has set it, else as configured. */
  readonly weight: number;
  /** As the config has it, or an SRV record. */
  readonly configuredWeight: number;
  /** The effective weight: less during a slow start. */
  readonly currentWeight: number;
  readonly health: TargetHealth;
  /** Why it is down or ejected; empty while it is up. */
  readonly detail: string;
  /** When its health last changed, in milliseconds since the Unix epoch; `undefined` where it never has. */
  readonly changedAtMs: number | undefined;
  /** What an operator has set. */
  readonly admin: TargetAdmin;
  /** Connections dialing or relayed to it, over all threads; `undefined` where nobody counts them. */
  readonly active: number | undefined;
  /** `Infinity` for no limit. */
  readonly maxConnections: number;
  /** Whether it is at its limit. */
  readonly isFull: boolean;
  /** The config entry whose discovery found it. */
  readonly foundBy: string | undefined;
  /** The kind of discovery that will replace it; set only for a config that is not running. */
  readonly discover: TargetConfig["discover"];
}

/** The targets of one pool. */
export interface PoolSnapshot {
  readonly targets: readonly TargetSnapshot[];
  /** The discovered entries that have no target at the moment. */
  readonly emptyEntries: readonly string[];
}

/** Returns a snapshot of a config that is not running: all targets up and idle. */
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
        configuredWeight: target.weight,
        currentWeight: target.weight,
        health: "up",
        detail: "",
        changedAtMs: undefined,
        admin: "ready",
        active: undefined,
        maxConnections: target.maxConnections,
        isFull: false,
        foundBy: undefined,
        discover: target.discover,
      };
    }),
  };
}

/** Facts that the pool itself does not have. */
export interface SnapshotOptions {
  /** The pool's monitor; `undefined` where another thread has it. */
  readonly monitor: TargetMonitor | undefined;
  /**
   * The connections of each target, where they are not the pool's own; `undefined` for uncounted ones. Default: the
   * pool's.
   */
  readonly active?: readonly (number | undefined)[];
}

/** Returns the current state of a pool's targets. */
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
        configuredWeight: target.configuredWeight,
        currentWeight: pool.weightOf(target),
        health: target.health,
        detail: target.detail,
        changedAtMs: target.changedAtMs,
        admin: target.admin,
        active: taken,
        maxConnections: target.maxConnections,
        isFull: active === undefined ? target.full : taken !== undefined && taken >= target.maxConnections,
        foundBy: origins?.get(target.label),
        discover: undefined,
      };
    }),
  };
}
