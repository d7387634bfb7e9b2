import type { Target, TargetSpec } from "./target.ts";

/** One target's state as plain data, for a pool of the same targets in another thread. */
export interface TargetState {
  readonly spec: TargetSpec;
  readonly up: boolean;
  readonly ejected: boolean;
}

/** Returns the states of a pool's targets, in order. */
export function statesOf(targets: readonly Target[]): TargetState[] {
  return targets.map((target) => ({ spec: specOf(target), up: target.up, ejected: target.ejected }));
}

/** Whether the states describe other targets than these. */
export function haveMoved(targets: readonly Target[], states: readonly TargetState[]): boolean {
  return targets.length !== states.length || states.some(({ spec }, index) => {
    const target = targets[index];
    return target?.label !== spec.label || target?.weight !== spec.weight || target?.tier !== spec.tier ||
      target?.serverName !== spec.serverName || target?.admin !== (spec.admin ?? "ready") ||
      target?.configuredWeight !== (spec.configuredWeight ?? spec.weight);
  });
}

function specOf(target: Target): TargetSpec {
  const { address, label, weight, configuredWeight, admin, tier, maxConnections, serverName, sendProxy } =
    target;
  return { address, label, weight, configuredWeight, admin, tier, maxConnections, serverName, sendProxy };
}
