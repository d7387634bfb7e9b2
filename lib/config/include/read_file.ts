import type { Environment } from "../environment/references.ts";
import type { Problem } from "../report/problem.ts";
import { readYaml } from "../yaml/yaml.ts";
import type { WrittenFile } from "./assembly.ts";

/** A file's text, and where its relative paths start. */
export interface FileText {
  readonly path: string;
  /** Its name in messages; `undefined` for the config itself, whose name they know. */
  readonly file: string | undefined;
  readonly text: string;
  readonly baseDirectory: string;
}

/** A file of a config with its parsed text. */
export interface ReadFile extends FileText, WrittenFile {
  readonly path: string;
  readonly file: string | undefined;
  /** Faults of the text itself. Without a value it cannot be read at all. */
  readonly problems: readonly Problem[];
}

/** Parses a file's text. */
export function readFile(file: FileText, environment: Environment): ReadFile {
  const text = withoutMark(file.text);
  const { problems, ...read } = readYaml(text, environment);
  const named = file.file === undefined ? {} : { file: file.file };
  return {
    ...file,
    ...read,
    value: read.value,
    text,
    problems: problems.map((each) => ({ ...each, ...named })),
  };
}

/** Without a byte order mark, which no place counts. */
function withoutMark(text: string): string {
  return text.startsWith("\uFEFF") ? text.slice(1) : text;
}
