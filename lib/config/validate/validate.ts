import { crossCheck } from "./cross_checks.ts";
import { problemsOf } from "../report/issues.ts";
import { bound } from "../resolve/merge.ts";
import { formatReport } from "../report/report.ts";
import { Root } from "../schema/root.ts";
import type { ParsedRoot } from "../schema/root.ts";
import { ConfigError } from "../report/problem.ts";
import type { Problem } from "../report/problem.ts";

/** How many problems are looked at closely; the rest is only counted. */
const MAX_PROBLEMS = 1_000;

/** What a value gave: the config as zod has it, or problems. */
export interface Validation {
  readonly root?: ParsedRoot;
  readonly problems: readonly Problem[];
  /** How many problems there are, those left out of `problems` included. */
  readonly total: number;
}

/** Checks a value against the schema and against itself. */
export function validate(value: unknown, options: { merge: boolean }): Validation {
  const bounds = bound(value, options);
  if (!bounds.bounded) return { problems: bounds.problems, total: bounds.problems.length };
  const result = parseRoot(value);
  if (result === undefined) {
    const message =
      "the config has more problems than can be listed; correct those that stand out and check again";
    return { problems: [{ path: [], message }], total: 1 };
  }
  const shape = problemsOf(result.error?.issues ?? [], MAX_PROBLEMS);
  // Nobody reads on to the thousandth problem, and to look at so many values again takes its time.
  const crossed = shape.total > MAX_PROBLEMS ? [] : crossCheck(value);
  const others = [...bounds.problems, ...crossed];
  const problems = [...shape.problems, ...others.slice(0, MAX_PROBLEMS)];
  const total = shape.total + others.length;
  return { problems, total, ...result.success && total === 0 ? { root: result.data } : {} };
}

/** Makes the error of a config that is not (or no longer) a text. */
export function withoutPlaces(source: string, problems: readonly Problem[], total: number): ConfigError {
  return new ConfigError(formatReport(source, undefined, problems, total), problems);
}

function parseRoot(value: unknown): ReturnType<typeof Root.safeParse> | undefined {
  try {
    return Root.safeParse(value, { reportInput: true, error: wantedType });
  } catch (error) {
    // zod hands issues up as the arguments of a call, and more than some 100,000 of them overflow the stack.
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** What is expected, for schemas that do not say it themselves. */
function wantedType(issue: { code?: string; expected?: unknown }): string {
  return issue.code === "invalid_type" && issue.expected === "boolean" ? "true or false" : "another value";
}
