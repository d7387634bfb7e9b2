import { type Overrides, SharedDraws, type TargetSetting } from "../app/mod.ts";
import { monotonicClock } from "../base/mod.ts";
import { effectiveFault, type FaultConfig } from "../config/parsed.ts";
import type { ControlledApp } from "./_controlled_app.ts";

/**
 * What a process that takes over gets to know of an app, as plain JSON: what operators have set at run time, and what checks
 * have found. A later version of the program may read it.
 */
export interface HandedApp {
  readonly name: string;
  readonly isPaused: boolean;
  readonly targets: readonly {
    readonly label: string;
    readonly admin: TargetSetting["admin"];
    readonly weight: number | null;
  }[];
  /** As a config has them, and when they were set; `null` for none. */
  readonly faults: { readonly faults: readonly unknown[]; readonly sinceEpochMs: number } | null;
  /** The targets that checks say are down, and why. */
  readonly down: readonly { readonly label: string; readonly detail: string }[];
}

/** The same where it has arrived. */
export interface TakenOverApp extends Omit<HandedApp, "faults"> {
  readonly faults: { readonly faults: readonly FaultConfig[]; readonly sinceEpochMs: number } | null;
}

/** What is handed of these apps. */
export function handedApps(apps: ReadonlyMap<string, ControlledApp>): HandedApp[] {
  return [...apps].map(([name, { overrides, targets }]): HandedApp => {
    const { faults } = overrides;
    const down = targets.pools.flatMap(({ pool }) => pool.targets.filter(({ up }) => !up));
    return {
      name,
      isPaused: overrides.pause.isPaused,
      targets: overrides.targets.list().map(([label, { admin, weight }]) => ({
        label,
        admin,
        weight: weight ?? null,
      })),
      faults: faults === undefined ? null : {
        faults: faults.faults.map(effectiveFault),
        sinceEpochMs: faults.since.epochMs,
      },
      down: [...new Map(down.map(({ label, downDetail }) => [label, downDetail]))].map(([label, detail]) => ({
        label,
        detail,
      })),
    };
  });
}

/** Sets what operators had set in the process before; before the apps are built. */
export function takeOverSettings(overrides: Overrides, handed: readonly TakenOverApp[]): void {
  for (const { name, isPaused, targets, faults } of handed) {
    const own = overrides.of(name);
    own.pause.set(isPaused);
    for (const { label, admin, weight } of targets) own.targets.set(label, { admin, weight });
    if (faults === null) continue;
    const ageMs = Math.max(0, Date.now() - faults.sinceEpochMs);
    own.faults = {
      faults: faults.faults,
      since: { clockMs: monotonicClock.nowMs() - ageMs, epochMs: faults.sinceEpochMs },
      draws: SharedDraws.allocate(faults.faults.length),
    };
  }
}

/**
 * Takes targets for down that were so in the process before, until a check of them succeeds; those that are not found yet, by
 * discovery, are left.
 */
export function takeOverHealth(app: ControlledApp, handed: TakenOverApp | undefined): void {
  for (const { pool } of app.targets.pools) {
    for (const target of pool.targets) {
      const down = handed?.down.find(({ label }) => label === target.label);
      if (down !== undefined && target.checkedAs !== undefined) pool.setUp(target, false, down.detail);
    }
  }
}
