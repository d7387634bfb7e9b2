import { type ConfigDocument, formatPath } from "../config/mod.ts";
import { checkFiles } from "../proxy/mod.ts";
import type { ConfigSource } from "./find_config.ts";

/** What a config's files make of it. */
export interface FileFindings {
  /** Whether the proxy can run with them. */
  readonly isFatal: boolean;
  /** Whether an operator should change something before the config is used. */
  readonly hasErrors: boolean;
  /** All problems as a report with places, ready to print; empty for none. */
  readonly report: string;
  /** All problems, each on one line. */
  readonly lines: readonly string[];
}

/** How a problem begins that is no error. */
const WARNING = "warning: ";

const NOTHING: FileFindings = { isFatal: false, hasErrors: false, report: "", lines: [] };

/** Reads the files that a config names, and judges what its schema cannot. */
export async function findFileProblems(
  document: ConfigDocument,
  source: ConfigSource,
): Promise<FileFindings> {
  const problems = await checkFiles(document.config);
  if (problems.length === 0) return NOTHING;
  const error = await document.errorFor(problems.map(({ path, message, severity }) => ({
    path,
    message: severity === "warning" ? `${WARNING}${message}` : message,
  })));
  const file = source.kind === "file" ? source.path : "config.yaml";
  return {
    isFatal: problems.some(({ isFatal }) => isFatal),
    hasErrors: problems.some(({ severity }) => severity === "error"),
    report: error.message,
    lines: error.problems.map(({ path, message, line, column }) => {
      const place = line === undefined ? file : `${file}:${line}:${column}`;
      return `${place}: ${formatPath(path)}: ${message.replace(WARNING, "")}`;
    }),
  };
}
