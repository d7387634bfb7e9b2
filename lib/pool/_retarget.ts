import { Target, type TargetSpec } from "./target.ts";

/** Another list of targets beside the one before it. */
export interface Retargeted {
  /** The new list; a target of the old one is the same object in it. */
  readonly targets: readonly Target[];
  /** The old index of each target of the new list, or -1 for one that is new. */
  readonly from: readonly number[];
  readonly added: readonly Target[];
  readonly removed: readonly Target[];
}

/**
 * Finds the targets of `specs` among those that are there. They are the same when address, limit and PROXY header are,
 * whatever their name, tier, weight and checks; targets that are named twice are matched one by one.
 */
export function retarget(before: readonly Target[], specs: readonly TargetSpec[]): Retargeted {
  const unmatched = new Map<string, number[]>();
  for (const [index, target] of before.entries()) {
    const twins = unmatched.get(keyOf(target));
    if (twins === undefined) unmatched.set(keyOf(target), [index]);
    else twins.push(index);
  }
  const from: number[] = [];
  const added: Target[] = [];
  const targets = specs.map((spec) => {
    const fresh = new Target(spec);
    const index = unmatched.get(keyOf(fresh))?.shift() ?? -1;
    from.push(index);
    const kept = before[index];
    if (kept === undefined) {
      added.push(fresh);
      return fresh;
    }
    kept.serverName = fresh.serverName;
    kept.checkedAs = fresh.checkedAs;
    kept.weight = fresh.weight;
    kept.tier = fresh.tier;
    return kept;
  });
  const left = new Set([...unmatched.values()].flat());
  return { targets, from, added, removed: before.filter((_, index) => left.has(index)) };
}

function keyOf(target: Target): string {
  return `${target.label} ${target.maxConnections} ${target.sendProxy ?? "off"}`;
}
