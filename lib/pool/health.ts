import type { Random } from "../base/mod.ts";

/** The health of a target by active checks. A target begins up: a freshly started proxy must not refuse everything. */
export type HealthState =
  | { readonly status: "up"; /** In a row. */ readonly failures: number }
  | { readonly status: "down"; /** In a row. */ readonly successes: number };

/** The outcome of one check. */
export type HealthEvent = "success" | "failure";

/** Consecutive outcomes needed for a transition, each at least 1. */
export interface HealthThresholds {
  /** Successes that bring a down target up. */
  readonly rise: number;
  /** Failures that take an up target down. */
  readonly fall: number;
}

/** The result of one outcome. A transition is reported once; logs, metrics and closing of sessions hang on it. */
export interface HealthStep {
  readonly state: HealthState;
  readonly transition: "none" | "went_up" | "went_down";
}

/** The initial health of a target. */
export const INITIAL_HEALTH: HealthState = { status: "up", failures: 0 };

/** Advances the state by one outcome. Only consecutive outcomes count: one of the other kind resets the count. */
export function stepHealth(state: HealthState, event: HealthEvent, thresholds: HealthThresholds): HealthStep {
  if (state.status === "up") {
    if (event === "success") return stay(state.failures === 0 ? state : INITIAL_HEALTH);
    const failures = state.failures + 1;
    return failures >= thresholds.fall
      ? { state: { status: "down", successes: 0 }, transition: "went_down" }
      : stay({ status: "up", failures });
  }
  if (event === "failure") return stay(state.successes === 0 ? state : { status: "down", successes: 0 });
  const successes = state.successes + 1;
  return successes >= thresholds.rise
    ? { state: INITIAL_HEALTH, transition: "went_up" }
    : stay({ status: "down", successes });
}

function stay(state: HealthState): HealthStep {
  return { state, transition: "none" };
}

/** Checks vary by up to this share of the interval. */
const JITTER = 0.05;

/**
 * Returns the delays in milliseconds until the second checks of `count` targets, in target order; the first are made
 * at start.
 *
 * The interval is divided into as many parts as there are targets, and each target is checked at a random moment of
 * its own part: evenly spread, yet not in step with other proxies that check the same targets.
 */
export function checkOffsets(count: number, intervalMs: number, random: Random): number[] {
  return Array.from({ length: count }, (_, index) => (index + random()) * intervalMs / count);
}

/** Returns the delay in milliseconds to the next check: the interval, give or take 5 %. */
export function nextCheckDelayMs(intervalMs: number, random: Random): number {
  return intervalMs * (1 + JITTER * (2 * random() - 1));
}
