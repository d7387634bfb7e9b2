import type { Problem } from "./problem.ts";

/** Gives every problem its place, and the problems the order of the text. */
export async function locate(text: string, problems: readonly Problem[]): Promise<Problem[]> {
  const open = problems.some((problem) => problem.line === undefined);
  const source = open ? (await import("../yaml/source.ts")).Source.read(text) : undefined;
  return problems
    .map((problem) => {
      return problem.line === undefined
        ? { ...problem, ...source?.locate(problem.path, problem.at) }
        : problem;
    })
    .sort((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0));
}

/** What stands behind an alias is wrong at each use, and reported once. */
export function withoutRepetition(problems: readonly Problem[]): Problem[] {
  const seen = new Set<string>();
  return problems.filter(({ line, column, message }) => {
    if (line === undefined) return true;
    const key = `${line}:${column}:${message}`;
    const isNew = !seen.has(key);
    seen.add(key);
    return isNew;
  });
}
