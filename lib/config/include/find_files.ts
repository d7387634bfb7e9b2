import { errorCode, errorMessage } from "../../base/mod.ts";
import { isPattern, parseGlob } from "./glob.ts";

/** The result of an entry of `include`. */
export interface FoundFiles {
  /** The files, in the order of their names. */
  readonly files: readonly string[];
  /** The searched folders: a new file there may match too. */
  readonly folders: readonly string[];
}

/** The most names that a pattern looks at. */
const MAX_NAMES = 100_000;

/** A pattern that cannot be followed. */
export class IncludeError extends Error {
  override readonly name = "IncludeError";
}

/**
 * Finds the files of an entry of `include`. A plain path gives itself, whether or not it exists; a pattern gives its
 * matches, if any.
 *
 * @throws {IncludeError} when a folder cannot be read.
 */
export async function findFiles(path: string): Promise<FoundFiles> {
  if (!isPattern(path)) return { files: [path], folders: [] };
  const { root, steps } = parseGlob(path);
  const folders: string[] = [];
  let found = [root];
  for (const [index, step] of steps.entries()) {
    if (typeof step === "string") {
      found = found.map((folder) => join(folder, step));
      continue;
    }
    const next: string[] = [];
    for (const folder of found) {
      folders.push(folder === "" ? "." : folder);
      for (const name of await namesIn(folder, index === steps.length - 1 ? "files" : "folders")) {
        if (step(name)) next.push(join(folder, name));
      }
    }
    found = next.sort();
  }
  const last = steps.at(-1);
  const files = typeof last === "string" ? await existing(found) : found;
  return { files, folders };
}

/** The names of files, or of folders, in a folder; links count as their destination, and a missing folder is empty. */
async function namesIn(folder: string, what: "files" | "folders"): Promise<string[]> {
  const path = folder === "" ? "." : folder;
  await mayRead(path);
  const names: string[] = [];
  try {
    for await (const entry of Deno.readDir(path)) {
      const info = entry.isSymlink ? await statOr(join(folder, entry.name)) : entry;
      if (what === "files" ? info?.isFile : info?.isDirectory) names.push(entry.name);
      if (names.length > MAX_NAMES) {
        throw new IncludeError(`the folder "${path}" has more than ${MAX_NAMES} names; use one of its own`);
      }
    }
  } catch (error) {
    if (error instanceof IncludeError) throw error;
    const code = errorCode(error);
    if (code === "ENOENT" || code === "ENOTDIR") return [];
    throw new IncludeError(`the folder "${path}" cannot be read: ${errorMessage(error)}`, { cause: error });
  }
  return names;
}

async function existing(paths: readonly string[]): Promise<string[]> {
  const infos = await Promise.all(paths.map(statOr));
  return paths.filter((_, index) => infos[index] !== undefined);
}

async function statOr(path: string): Promise<Deno.FileInfo | undefined> {
  try {
    return await Deno.stat(path);
  } catch (error) {
    // A link to nowhere; what may not be read is said when it is.
    if (error instanceof Error) return undefined;
    throw error;
  }
}

/** Never prompts. */
async function mayRead(path: string): Promise<void> {
  if ((await Deno.permissions.query({ name: "read", path })).state === "granted") return;
  throw new IncludeError(`the runtime does not allow reading "${path}"; run with --allow-read=${path}`);
}

function join(folder: string, name: string): string {
  return folder === "" || /[\\/]$/.test(folder) ? `${folder}${name}` : `${folder}/${name}`;
}
