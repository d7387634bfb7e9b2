/**
 * Checks the keys of health checks against each other, those of single targets included.
 *
 * @module
 */

import { formatDuration } from "../../../base/mod.ts";
import { HealthCheck } from "../../schema/app/health.ts";
import { asList, asMapping, type Raw } from "../raw.ts";
import { FORMS, mergeChecks } from "../../resolve/merge_checks.ts";
import type { Path, Problem } from "../../report/problem.ts";

/** Checks the health check of an app or of `defaults`. */
export function checkHealthCheck(check: Raw, path: Path): Problem[] {
  return checkMerged(check, check, path);
}

/** Checks what a target says of its own check, beside what its app says. */
export function checkTargetHealth(own: Raw, app: Raw, path: Path): Problem[] {
  return checkMerged(own, mergeChecks(app, own), path);
}

/** Looks at all that holds, and finds fault with what is written at `path`. */
function checkMerged(own: Raw, merged: Raw, path: Path): Problem[] {
  return [
    ...checkTimes(own, merged, path),
    ...checkForms(own, path),
    ...checkLogin(own, merged, path),
    ...checkSteps(own, path),
  ];
}

function checkTimes(own: Raw, { interval, timeout }: Raw, path: Path): Problem[] {
  if (own.interval === undefined && own.timeout === undefined) return [];
  const times = HealthCheck.pick({ interval: true, timeout: true }).strip().safeParse({ interval, timeout });
  if (times.data === undefined || times.data.timeout <= times.data.interval) return [];
  const [limit, every] = [formatDuration(times.data.timeout), formatDuration(times.data.interval)];
  const message =
    `the timeout (${limit}) is longer than the interval (${every}); expected at most the interval`;
  return [{ path: [...path, own.timeout === undefined ? "interval" : "timeout"], message }];
}

/** One form of a check is given, or none; `send`, `expect` and `expect_not` are one. */
function checkForms(own: Raw, path: Path): Problem[] {
  const given = FORMS.filter((keys) => keys.some((key) => own[key] !== undefined));
  const winner = given.findLast((keys) => keys.length === 1);
  if (given.length < 2 || winner === undefined) return [];
  return given.filter((keys) => keys !== winner).flat().filter((key) => own[key] !== undefined).map((
    key,
  ) => ({
    path: [...path, key],
    at: "key" as const,
    message: `"${winner[0]}" already says what is sent and expected; remove "${key}" or "${winner[0]}"`,
  }));
}

function checkLogin(own: Raw, { type }: Raw, path: Path): Problem[] {
  const problems: Problem[] = [];
  const refuse = (key: string, types: readonly unknown[], words: string): void => {
    if (own[key] === undefined || types.includes(type)) return;
    problems.push({ path: [...path, key], at: "key", message: `"${key}" needs ${words}` });
  };
  refuse("user", ["mysql", "postgres"], `"type: mysql" or "type: postgres"`);
  refuse("database", ["postgres"], `"type: postgres"`);
  return problems;
}

function checkSteps({ steps }: Raw, path: Path): Problem[] {
  return asList(steps).flatMap((step, index) => {
    const isStep = typeof step === "object" && step !== null && !Array.isArray(step);
    if (!isStep || Object.keys(asMapping(step)).length > 0) return [];
    return [{
      path: [...path, "steps", index],
      message: `the step is empty; expected "send", "expect" or "expect_not"`,
    }];
  });
}
