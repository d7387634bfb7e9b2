/** What a target that has just come back gets at least, so that it is used at all and its ramp has a beginning. */
const LEAST_SHARE = 0.1;

/** In how many steps a ramp is climbed: each is a change that the chooser is told of. */
const STEPS = 20;

/**
 * The effective weight of a target that came (back) into use `sinceMs` ago: from a tenth of its weight straight up to
 * all of it when the slow start is over. A `slowStartMs` of 0 or `Infinity` is no slow start.
 */
export function slowStartWeight(weight: number, sinceMs: number, slowStartMs: number): number {
  if (slowStartMs === Infinity || sinceMs >= slowStartMs) return weight;
  return weight * (LEAST_SHARE + (1 - LEAST_SHARE) * Math.max(0, sinceMs) / slowStartMs);
}

/** How often, in milliseconds, the effective weight is worth reading again: twenty times in a slow start. */
export function slowStartStepMs(slowStartMs: number): number {
  return slowStartMs / STEPS;
}
