import { bound } from "../resolve/merge.ts";
import { formatPath } from "../report/problem.ts";
import { readYaml } from "./yaml.ts";

/** A text that is neither JSON nor YAML, or has too much in it. The message begins with line and column, if any. */
export class DataError extends Error {
  override readonly name = "DataError";
}

/**
 * Reads a text of at most 1 MiB as JSON or YAML, in which nothing is replaced or merged. What aliases make of it has at most
 * 100,000 values.
 *
 * @throws {DataError}
 */
export function parseData(text: string): unknown {
  try {
    // Many times as fast, and most of what programs write.
    return JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  const { value, problems } = readYaml(text);
  const bounds = bound(value, { merge: false });
  const [problem] = [...problems, ...bounds.problems];
  if (problem === undefined) return value;
  const { line, column, path, message } = problem;
  const where = line === undefined ? formatPath(path) : `${line}:${column}`;
  throw new DataError(where === "" ? message : `${where}: ${message}`);
}
