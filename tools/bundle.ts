/**
 * Bundles the program, with the modules that only workers import, so that an executable loads some fifty modules rather
 * than eight hundred: each costs its start a third of a millisecond.
 *
 * @module
 */
import { ENTRY, OUTPUT_FOLDER, WORKER_MODULES } from "./compile_plan.ts";

/** Where the bundle goes, relative to the repository's root. */
export const BUNDLE_FOLDER = `${OUTPUT_FOLDER}/bundle`;

/** The module of the bundle that the program begins with. */
export const BUNDLED_ENTRY = bundled(ENTRY);

/** Those of {@link WORKER_MODULES}. */
export const BUNDLED_WORKER_MODULES: readonly string[] = WORKER_MODULES.map(bundled);

/** How the program names the module of its workers, by a URL that no bundler follows. */
export const WORKER_REFERENCE = '"./worker/entry.ts"';

/** The program cannot be bundled. */
export class BundleError extends Error {
  override readonly name = "BundleError";
}

/** Where the bundle has one of the modules that it was made from. */
function bundled(module: string): string {
  return `${BUNDLE_FOLDER}/${module.replace(/\.ts$/, ".js")}`;
}

/**
 * Returns the text of a bundle's file with `reference` in the place of the program's own name for the module of its
 * workers.
 *
 * @throws {BundleError} where that name is there several times.
 */
export function withWorkerReference(text: string, reference: string): string {
  const parts = text.split(WORKER_REFERENCE);
  if (parts.length <= 2) return parts.join(JSON.stringify(reference));
  throw new BundleError(
    `bundle the program: ${WORKER_REFERENCE} is there ${
      parts.length - 1
    } times; expected once, in lib/workers`,
  );
}

/**
 * Bundles {@link ENTRY}, which must have been written.
 *
 * It is not minified: names of functions stay as they are in stack traces.
 *
 * @param root the repository's.
 * @throws {BundleError}
 */
export async function bundleProgram(root: URL): Promise<void> {
  const folder = new URL(`${BUNDLE_FOLDER}/`, root);
  await Deno.remove(folder, { recursive: true }).catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  });
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "bundle",
      "--quiet",
      "--platform",
      "deno",
      "--code-splitting",
      "--outdir",
      BUNDLE_FOLDER,
      ENTRY,
      ...WORKER_MODULES,
    ],
    cwd: root,
    stdout: "null",
    stderr: "piped",
  }).output();
  if (!success) {
    throw new BundleError(
      `bundle the program: "deno bundle" failed\n${new TextDecoder().decode(stderr).trim()}`,
    );
  }
  const [worker = ""] = WORKER_MODULES;
  // Chunks are in the folder itself.
  const reference = `./${worker.replace(/\.ts$/, ".js")}`;
  let replaced = 0;
  for await (const { name, isFile } of Deno.readDir(folder)) {
    if (!isFile) continue;
    const file = new URL(name, folder);
    const text = await Deno.readTextFile(file);
    const changed = withWorkerReference(text, reference);
    if (changed === text) continue;
    await Deno.writeTextFile(file, changed);
    replaced++;
  }
  if (replaced !== 1) {
    throw new BundleError(
      `bundle the program: ${replaced} files of ${BUNDLE_FOLDER} name ${WORKER_REFERENCE}; expected one, of lib/workers`,
    );
  }
}
