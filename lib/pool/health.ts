import type { Random } from "../base/mod.ts";

/** What the active checks hold of a target. A target begins up: a proxy that has just started must not refuse all. */
export type HealthState =
  | { readonly status: "up"; /** In a row. */ readonly failures: number }
  | { readonly status: "down"; /** In a row. */ readonly successes: number };

/** The outcome of one check. */
export type HealthEvent = "success" | "failure";

/** How many outcomes in a row it takes, each at least 1. */
export interface HealthThresholds {
  /** Successes until a target that is down is up. */
  readonly rise: number;
  /** Failures until a target that is up is down. */
  readonly fall: number;
}

/** Where one outcome has led. Log, metrics and closing of sessions hang on the transition, which is reported once. */
export interface HealthStep {
  readonly state: HealthState;
  readonly transition: "none" | "went_up" | "went_down";
}

/** How every target begins. */
export const INITIAL_HEALTH: HealthState = { status: "up", failures: 0 };

/** One outcome further. Only outcomes in a row count: a single one of the other kind begins the count anew. */
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

/** A later check comes up to this share of the interval sooner or later. */
const JITTER = 0.05;

/**
 * When the checks of `count` targets begin, in milliseconds from now, in the order of the targets.
 *
 * The interval is cut into as many parts as there are targets, and each is checked somewhere in its own part: spread
 * evenly, yet not in step with other proxies that check the same targets. The first check of each is made at once, at
 * the start; these are the delays to the second.
 */
export function checkOffsets(count: number, intervalMs: number, random: Random): number[] {
  return Array.from({ length: count }, (_, index) => (index + random()) * intervalMs / count);
}

/** The delay in milliseconds from one check to the next: the interval, 5 % sooner to 5 % later. */
export function nextCheckDelayMs(intervalMs: number, random: Random): number {
  return intervalMs * (1 + JITTER * (2 * random() - 1));
}
