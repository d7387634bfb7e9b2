import type { Config } from "./model/config.ts";
import { findIdle } from "./validate/no_effect.ts";
import { locate, withoutRepetition } from "./report/locate.ts";
import { formatReport } from "./report/report.ts";
import { resolve } from "./resolve/resolve.ts";
import { validate } from "./validate/validate.ts";
import { readYaml } from "./yaml/yaml.ts";
import { ConfigError } from "./report/problem.ts";
import type { Problem } from "./report/problem.ts";

/** A text that is a config. */
export interface ParsedConfig {
  readonly config: Config;
  /** What of it has no effect where it is written; without places. */
  readonly idle: readonly Problem[];
}

/** Without a byte order mark, which no place counts. */
export function withoutMark(text: string): string {
  return text.startsWith("\uFEFF") ? text.slice(1) : text;
}

/**
 * Reads a config from YAML.
 *
 * @throws {ConfigError} with every problem at once, each with its place.
 */
export async function parseText(
  text: string,
  options: { readonly file: string; readonly baseDirectory: string },
): Promise<ParsedConfig> {
  const yaml = withoutMark(text);
  const read = readYaml(yaml);
  const checked = "value" in read ? validate(read.value, { merge: true }) : { problems: [], total: 0 };
  const total = read.problems.length + checked.total;
  if (total === 0 && checked.root !== undefined) {
    return { config: resolve(checked.root, options.baseDirectory), idle: findIdle(read.value) };
  }
  const found = [...read.problems, ...checked.problems];
  const problems = withoutRepetition(await locate(yaml, found));
  const rest = total - found.length;
  throw new ConfigError(formatReport(options.file, yaml, problems, problems.length + rest), problems);
}
