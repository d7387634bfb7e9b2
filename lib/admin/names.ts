import type { TargetSnapshot } from "../app/mod.ts";
import type { AppStatus } from "../proxy/mod.ts";
import { ProblemError } from "./problem_error.ts";
import { nearMiss, shown } from "./request_fields.ts";

/**
 * Returns the app of this name.
 *
 * @throws {ProblemError} 404, with the nearest name.
 */
export function requireApp(apps: readonly AppStatus[], name: string): AppStatus {
  const app = apps.find((each) => each.name === name);
  if (app !== undefined) return app;
  const names = apps.map((each) => each.name);
  throw new ProblemError(404, `there is no app ${shown(name)}${nearMiss(name, names) || someOf(names)}`);
}

/**
 * Returns the first target of these apps with this address.
 *
 * @throws {ProblemError} 404, with the nearest address.
 */
export function requireTarget(apps: readonly AppStatus[], label: string): TargetSnapshot {
  const targets = apps.flatMap(({ own, routes }) => [own, ...routes.map(({ pool }) => pool)])
    .flatMap((pool) => pool.targets);
  const target = targets.find((each) => each.label === label);
  if (target !== undefined) return target;
  const labels = [...new Set(targets.map((each) => each.label))];
  throw new ProblemError(
    404,
    `there is no target ${shown(label)}${nearMiss(label, labels) || someOf(labels)}`,
  );
}

/** How many names a message lists. */
const MAX_LISTED = 10;

function someOf(names: readonly string[]): string {
  const more = names.length > MAX_LISTED ? ", …" : "";
  return names.length === 0 ? "" : `; expected one of ${names.slice(0, MAX_LISTED).join(", ")}${more}`;
}
