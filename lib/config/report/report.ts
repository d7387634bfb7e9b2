import { escapeControls, excerpt, shorten } from "../yaml/text.ts";
import { formatPath } from "./problem.ts";
import type { Problem } from "./problem.ts";

/** How many problems a report shows. */
export const MAX_REPORTED = 50;

/** The longest path or message, in code points: values are part of them. */
const MAX_SHOWN = 400;

/**
 * A report of problems, ready to print: each with its place, its path and the line of the text.
 *
 * @param source what the config itself is called; a problem in another file names that.
 * @param textOf the text of a file, `undefined` being the config itself.
 */
export function formatReport(
  source: string,
  textOf: (file: string | undefined) => string | undefined,
  problems: readonly Problem[],
  total: number,
): string {
  const shown = problems.slice(0, MAX_REPORTED).map((problem) =>
    formatProblem(problem.file ?? source, textOf(problem.file), problem)
  );
  const rest = total - shown.length;
  if (rest > 0) shown.push(`${source}: and ${rest} more ${rest === 1 ? "problem" : "problems"}`);
  return shown.join("\n");
}

function formatProblem(source: string, text: string | undefined, problem: Problem): string {
  const { line, column, path, message } = problem;
  const place = line === undefined || column === undefined ? undefined : { line, column };
  const name = escapeControls(source);
  const where = place === undefined ? name : `${name}:${place.line}:${place.column}`;
  const head = [where, shorten(formatPath(path), MAX_SHOWN), shorten(message, MAX_SHOWN)]
    .filter((part) => part !== "").join(": ");
  return place === undefined || text === undefined ? head : `${head}\n${excerpt(text, place)}`;
}
