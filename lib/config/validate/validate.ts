import { crossCheck } from "./cross_checks.ts";
import { settleReferences } from "../environment/settle.ts";
import { Assembly, type WrittenFile } from "../include/assembly.ts";
import { problemsOf } from "../report/issues.ts";
import { bound } from "../resolve/merge.ts";
import { formatReport } from "../report/report.ts";
import { Included, type ParsedIncluded, Root } from "../schema/root.ts";
import type { ParsedRoot } from "../schema/root.ts";
import { ConfigError, formatPath } from "../report/problem.ts";
import type { Problem } from "../report/problem.ts";
import { asMapping } from "./raw.ts";

/** How many problems are looked at closely; the rest is only counted. */
const MAX_PROBLEMS = 1_000;

/** What the files of a config gave: the config as zod has it, or problems. */
export interface Validation {
  readonly root?: ParsedRoot;
  /** The files that it includes, in their order. */
  readonly included?: readonly ParsedIncluded[];
  readonly problems: readonly Problem[];
  /** How many problems there are, those left out of `problems` included. */
  readonly total: number;
}

/** Checks the files of a config, the config's own first, against the schema and against each other. */
export function validate(files: readonly WrittenFile[], options: { merge: boolean }): Validation {
  const checked = files.map((file, index) => checkFile(file, { ...options, isIncluded: index > 0 }));
  const problems = checked.flatMap((each) => each.problems);
  const total = sum(checked.map((each) => each.total));
  const missing = new Map(files.map(({ file }, index) => [file, checked[index]?.missing ?? NONE]));
  // Nobody reads on to the thousandth problem, and to look at so many values again takes its time.
  const isCrossed = total <= MAX_PROBLEMS && checked.every(({ isBounded }) => isBounded);
  const crossed = (isCrossed ? crossCheck(new Assembly(files)) : [])
    // A variable that is not set is reported as what it is.
    .filter(({ file, path }) => missing.get(file)?.has(formatPath(path)) !== true);
  const all = [...problems, ...crossed.slice(0, MAX_PROBLEMS)];
  const [own, ...included] = checked.map(({ data }) => data);
  if (total + crossed.length > 0 || own === undefined) {
    return { problems: all, total: total + crossed.length };
  }
  return { problems: [], total: 0, root: own as ParsedRoot, included: included as ParsedIncluded[] };
}

/** What one file gave on its own. */
interface CheckedFile {
  readonly isBounded: boolean;
  readonly problems: readonly Problem[];
  readonly total: number;
  /** The paths of values that a variable does not give. */
  readonly missing: ReadonlySet<string>;
  readonly data?: unknown;
}

const NONE: ReadonlySet<string> = new Set();

function checkFile(
  { file, value, source }: WrittenFile,
  { merge, isIncluded }: { merge: boolean; isIncluded: boolean },
): CheckedFile {
  const named = (problem: Problem): Problem => file === undefined ? problem : { ...problem, file };
  const bounds = bound(value, { merge });
  if (!bounds.bounded) {
    const problems = bounds.problems.map(named);
    return { isBounded: false, problems, total: problems.length, missing: NONE };
  }
  const missing = source === undefined || source.variables.length === 0
    ? NONE
    : settleReferences(value, source);
  const { foreign, rest } = isIncluded ? splitForeign(value) : { foreign: [], rest: value };
  const result = parse(isIncluded ? Included : Root, rest);
  if (result === undefined) {
    const message =
      "the config has more problems than can be listed; correct those that stand out and check again";
    return { isBounded: true, problems: [named({ path: [], message })], total: 1, missing };
  }
  const shape = problemsOf(result.error?.issues ?? [], MAX_PROBLEMS);
  const shown = shape.problems.filter(({ path }) => !missing.has(formatPath(path)));
  const others = [...bounds.problems, ...foreign];
  return {
    isBounded: true,
    problems: [...shown, ...others.slice(0, MAX_PROBLEMS)].map(named),
    total: shape.total - (shape.problems.length - shown.length) + others.length,
    missing,
    data: result.data,
  };
}

/** What an included file says that only the config itself can, and all the rest. */
function splitForeign(value: unknown): { foreign: Problem[]; rest: unknown } {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return { foreign: [], rest: value };
  }
  const isForeign = (key: string): boolean =>
    !Object.hasOwn(Included.shape, key) && Object.hasOwn(Root.shape, key);
  const entries = Object.entries(asMapping(value));
  const foreign = entries.filter(([key]) => isForeign(key)).map(([key]): Problem => ({
    path: [key],
    at: "key",
    message:
      `the key is read in the config itself alone; an included file has "apps", "defaults" and "include"`,
  }));
  return { foreign, rest: Object.fromEntries(entries.filter(([key]) => !isForeign(key))) };
}

/** Makes the error of a config that is not (or no longer) a text. */
export function withoutPlaces(source: string, problems: readonly Problem[], total: number): ConfigError {
  return new ConfigError(formatReport(source, () => undefined, problems, total), problems);
}

function parse(
  schema: typeof Root | typeof Included,
  value: unknown,
): ReturnType<typeof schema.safeParse> | undefined {
  try {
    return schema.safeParse(value, { reportInput: true, error: wantedType });
  } catch (error) {
    // zod hands issues up as the arguments of a call, and more than some 100,000 of them overflow the stack.
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** The expectation in messages, for schemas that do not carry one. */
function wantedType(issue: { code?: string; expected?: unknown }): string {
  return issue.code === "invalid_type" && issue.expected === "boolean" ? "true or false" : "another value";
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
