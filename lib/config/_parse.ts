import type { Config } from "./model/config.ts";
import type { Environment } from "./environment/references.ts";
import { processEnvironment } from "./environment/process_environment.ts";
import { Assembly } from "./include/assembly.ts";
import { type ReadFile, readFile } from "./include/read_file.ts";
import { readIncluded } from "./include/read_included.ts";
import { findIdle } from "./validate/no_effect.ts";
import { locate, type Places, withoutRepetition } from "./report/locate.ts";
import { formatReport } from "./report/report.ts";
import { resolve } from "./resolve/resolve.ts";
import { validate } from "./validate/validate.ts";
import { Source } from "./yaml/source.ts";
import { ConfigError } from "./report/problem.ts";
import type { Problem } from "./report/problem.ts";

/** A text that is a config, with the files that it includes. */
export interface ParsedConfig {
  readonly config: Config;
  /** What of it has no effect where it is written; without places. */
  readonly idle: readonly Problem[];
  /** The config itself and the files that it includes, in their order. */
  readonly files: readonly ReadFile[];
  /** The folders that patterns of `include` were looked up in. */
  readonly folders: readonly string[];
}

export interface ParseTextOptions {
  /** What messages call the text. */
  readonly file: string;
  /** Where relative paths start. */
  readonly baseDirectory: string;
  /** Where variables are looked up; default the environment of this process. */
  readonly environment?: Environment | undefined;
}

/**
 * Reads a config from YAML, with the files that it includes.
 *
 * @throws {ConfigError} with every problem at once, each with its place.
 */
export async function parseText(
  text: string,
  { file, baseDirectory, environment = processEnvironment }: ParseTextOptions,
): Promise<ParsedConfig> {
  const root = readFile({ path: file, file: undefined, text, baseDirectory }, environment);
  const included = await readIncluded(root, environment);
  const files = [root, ...included.files];
  const read = [...files.flatMap(({ problems }) => problems), ...included.problems];
  const readable = files.filter(({ source }) => source !== undefined);
  // Without the config itself, what is left of it has no meaning.
  const checked = root.source === undefined
    ? { problems: [], total: 0 }
    : validate(readable, { merge: true });
  const total = read.length + checked.total;
  if (total === 0 && checked.root !== undefined) {
    const parsed = (checked.included ?? []).map((parsed, index) => ({
      parsed,
      base: included.files[index]?.baseDirectory,
    }));
    return {
      config: resolve(checked.root, baseDirectory, parsed),
      idle: findIdle(new Assembly(files)),
      files,
      folders: included.folders,
    };
  }
  const found = [...read, ...checked.problems];
  throw reportOf(file, files, { problems: found, total });
}

/** The error of problems in the files of a config, each with its place. */
export function reportOf(
  name: string,
  files: readonly ReadFile[],
  { problems, total }: { readonly problems: readonly Problem[]; readonly total: number },
): ConfigError {
  const places = new Map(files.map((each) => [each.file, placesOf(each)]));
  const texts = new Map(files.map(({ file, text }) => [file, text]));
  const located = withoutRepetition(locate(problems, places));
  const rest = total - problems.length;
  return new ConfigError(
    formatReport(name, (file) => texts.get(file), located, located.length + rest),
    located,
  );
}

/** The places of a file; of a text that cannot be read, those that can be found. */
function placesOf({ text, source }: ReadFile): Places | undefined {
  return source ?? Source.read(text);
}
