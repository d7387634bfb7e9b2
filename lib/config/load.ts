import type { Config } from "./model/config.ts";
import type { Environment } from "./environment/references.ts";
import { parseText } from "./_parse.ts";
import { folderOf } from "./resolve/paths.ts";
import { resolve } from "./resolve/resolve.ts";
import { readBounded } from "./yaml/read.ts";
import { validate, withoutPlaces } from "./validate/validate.ts";
import embeddedText from "../../config.yaml" with { type: "text" };

/** The shipped `config.yaml`, as it is in this program. */
export const EMBEDDED_CONFIG: string = embeddedText;

/** What a text is called, and where its relative paths start. */
export interface ParseConfigOptions {
  /** What messages call the text. */
  readonly file: string;
  /** Where relative paths start; default the folder of `file`. */
  readonly baseDirectory?: string;
  /** Where variables are looked up; default the environment of this process. */
  readonly environment?: Environment;
}

/** What a value is called. */
export interface ResolveConfigOptions {
  /** What messages call the value: the command that made it. */
  readonly source: string;
}

/**
 * Reads a config from YAML (JSON is YAML) of at most 1 MiB, and the files that it includes.
 *
 * @throws {ConfigError} with every problem at once, each with its place.
 */
export async function parseConfig(text: string, options: ParseConfigOptions): Promise<Config> {
  const { file, baseDirectory = folderOf(file), environment } = options;
  return (await parseText(text, { file, baseDirectory, environment })).config;
}

/**
 * Reads a config file; `/dev/stdin` or `-` is standard input. Relative paths start at the file's folder, or at the
 * working directory for what is not a regular file.
 *
 * @throws {ConfigError} as {@link parseConfig}, and for a file that is missing, may not be read, is a directory, is larger
 * than 1 MiB or is not UTF-8.
 */
export async function loadConfig(path: string): Promise<Config> {
  const { text, baseDirectory } = await readBounded(path);
  return await parseConfig(text, { file: path, baseDirectory });
}

/**
 * Checks and resolves a config made in code: the same schema and the same checks as for a file. Relative paths stay as
 * they are, and so do references to variables; `include` is refused.
 *
 * @throws {ConfigError} with every problem at once, without places.
 */
export function resolveConfig(value: unknown, options: ResolveConfigOptions): Config {
  const { root, problems, total } = validate([{ file: undefined, value }], { merge: false });
  if (root?.include !== undefined) {
    const message = `files are included by files alone; give their apps in "apps"`;
    throw withoutPlaces(options.source, [...problems, { path: ["include"], message }], total + 1);
  }
  if (root === undefined) throw withoutPlaces(options.source, problems, total);
  return resolve(root, undefined);
}

/** The shipped config, for when no file may be read. */
export function embeddedConfig(): Promise<Config> {
  return parseConfig(EMBEDDED_CONFIG, { file: "config.yaml", baseDirectory: "." });
}
