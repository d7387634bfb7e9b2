import type { Path, Problem } from "./problem.ts";
import type { Place } from "../yaml/text.ts";

/** Finds where a path of a file leads; `undefined` for the config itself. */
export interface Places {
  locate(path: Path, at: "key" | "value" | undefined): Place | undefined;
}

/** Gives every problem its place, and the problems the order of the files and their text. */
export function locate(
  problems: readonly Problem[],
  files: ReadonlyMap<string | undefined, Places | undefined>,
): Problem[] {
  const order = new Map([...files.keys()].map((file, index) => [file, index]));
  return problems
    .map((problem) => {
      if (problem.line !== undefined) return problem;
      return { ...problem, ...files.get(problem.file)?.locate(problem.path, problem.at) };
    })
    .sort((a, b) =>
      (order.get(a.file) ?? 0) - (order.get(b.file) ?? 0) ||
      (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0)
    );
}

/** A fault behind an alias occurs at each use, and is reported once. */
export function withoutRepetition(problems: readonly Problem[]): Problem[] {
  const seen = new Set<string>();
  return problems.filter(({ file = "", line, column, message }) => {
    if (line === undefined) return true;
    const key = `${file}:${line}:${column}:${message}`;
    const isNew = !seen.has(key);
    seen.add(key);
    return isNew;
  });
}
