/** The initial share of a returning target, so that it is used at all and its ramp has a start. */
const LEAST_SHARE = 0.1;

/** The number of steps of a ramp; the chooser is notified of each. */
const STEPS = 20;

/**
 * Returns the effective weight of a target that came (back) into use `sinceMs` ago: linear from a tenth of its weight
 * to all of it at the end of the slow start. A `slowStartMs` of 0 or `Infinity` means none.
 */
export function slowStartWeight(weight: number, sinceMs: number, slowStartMs: number): number {
  if (slowStartMs === Infinity || sinceMs >= slowStartMs) return weight;
  return weight * (LEAST_SHARE + (1 - LEAST_SHARE) * Math.max(0, sinceMs) / slowStartMs);
}

/** Returns the interval in milliseconds at which the effective weight should be read: twenty times per slow start. */
export function slowStartStepMs(slowStartMs: number): number {
  return slowStartMs / STEPS;
}
