import { Target, type TargetSpec } from "./target.ts";

/** A new list of targets compared with the previous one. */
export interface Retargeted {
  /** The new list, which reuses the objects of kept targets. */
  readonly targets: readonly Target[];
  /** The old index of each target of the new list, or -1 for a new one. */
  readonly from: readonly number[];
  readonly added: readonly Target[];
  readonly removed: readonly Target[];
}

/**
 * Matches the targets of `specs` with existing ones, by address, limit and PROXY header, whatever their name, tier,
 * weight, checks and operator's setting. Duplicates are matched one by one.
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
    kept.configuredWeight = fresh.configuredWeight;
    kept.admin = fresh.admin;
    kept.tier = fresh.tier;
    return kept;
  });
  const left = new Set([...unmatched.values()].flat());
  return { targets, from, added, removed: before.filter((_, index) => left.has(index)) };
}

function keyOf(target: Target): string {
  return `${target.label} ${target.maxConnections} ${target.sendProxy ?? "off"}`;
}
