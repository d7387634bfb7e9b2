import { MAX_CONFIG_BYTES } from "../yaml/yaml.ts";
import type { Environment } from "../environment/references.ts";
import { ConfigError, type Problem } from "../report/problem.ts";
import { resolvePath } from "../resolve/paths.ts";
import { asList, asMapping } from "../validate/raw.ts";
import { readBounded } from "../yaml/read.ts";
import { findFiles, IncludeError } from "./find_files.ts";
import { type FileText, type ReadFile, readFile } from "./read_file.ts";

/** The most files that a config includes. */
const MAX_FILES = 1_000;

/** The most characters of all files together: as much as four configs may have. */
const MAX_CHARACTERS = 4 * MAX_CONFIG_BYTES;

/** A config with the files that it includes. */
export interface IncludedFiles {
  /** In the order in which they are included; each file once. */
  readonly files: readonly ReadFile[];
  /** Faults of `include` entries, each in its own file. */
  readonly problems: readonly Problem[];
  /** The folders that patterns have searched. */
  readonly folders: readonly string[];
}

/** Reads the files that a config includes, and those that they include. */
export async function readIncluded(root: ReadFile, environment: Environment): Promise<IncludedFiles> {
  const reader = new IncludeReader(environment);
  await reader.follow(root, []);
  return reader.found;
}

class IncludeReader {
  readonly #files: ReadFile[] = [];
  readonly #problems: Problem[] = [];
  readonly #folders = new Set<string>();
  readonly #seen = new Set<string>();
  readonly #environment: Environment;
  #characters = 0;

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  get found(): IncludedFiles {
    return { files: this.#files, problems: this.#problems, folders: [...this.#folders] };
  }

  /** Reads what a file includes, depth first. `way` is the chain of includes from the config to it. */
  async follow(file: ReadFile, way: readonly string[]): Promise<void> {
    const { include } = asMapping(file.value);
    if (asList(include).length === 0) return;
    const onTheWay = [...way, await identityOf(file.path)];
    for (const [index, entry] of asList(include).entries()) {
      if (typeof entry !== "string" || entry === "" || entry.includes("\0")) continue;
      const problem = (message: string): void => {
        this.#problems.push({ path: ["include", index], message, ...named(file.file) });
      };
      try {
        const { files, folders } = await findFiles(resolvePath(entry, file.baseDirectory));
        for (const folder of folders) this.#folders.add(folder);
        for (const path of files) await this.#read(path, onTheWay, problem);
      } catch (error) {
        if (!(error instanceof IncludeError)) throw error;
        problem(error.message);
      }
    }
  }

  async #read(path: string, way: readonly string[], problem: (message: string) => void): Promise<void> {
    const identity = await identityOf(path);
    if (way.includes(identity)) {
      return problem(
        `the file "${path}" includes itself, directly or through others; remove it from "include"`,
      );
    }
    if (this.#seen.has(identity)) return;
    this.#seen.add(identity);
    if (this.#seen.size > MAX_FILES) {
      if (this.#seen.size === MAX_FILES + 1) {
        problem(`the config includes more than ${MAX_FILES} files; expected fewer`);
      }
      return;
    }
    const read = await textOf(path);
    if ("fault" in read) return problem(`the file "${path}" cannot be included: ${read.fault}`);
    this.#characters += read.text.length;
    if (this.#characters > MAX_CHARACTERS) {
      return problem(`the included files have more than ${MAX_CHARACTERS} characters; expected fewer`);
    }
    const file = readFile(read, this.#environment);
    this.#files.push(file);
    await this.follow(file, way);
  }
}

function named(file: string | undefined): { file?: string } {
  return file === undefined ? {} : { file };
}

/** Returns a text that is the same for all paths of one file. */
async function identityOf(path: string): Promise<string> {
  if ((await Deno.permissions.query({ name: "read", path })).state !== "granted") return path;
  try {
    return await Deno.realPath(path);
  } catch (error) {
    // A text that is no file, or one that is missing or may not be read: that is said when it is.
    if (error instanceof Error) return path;
    throw error;
  }
}

async function textOf(path: string): Promise<FileText | { readonly fault: string }> {
  if ((await Deno.permissions.query({ name: "read", path })).state !== "granted") {
    return { fault: `the runtime does not allow reading it; run with --allow-read=${path}` };
  }
  try {
    const { text, baseDirectory } = await readBounded(path);
    return { path, file: path, text, baseDirectory };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return { fault: error.problems[0]?.message ?? error.message };
  }
}
