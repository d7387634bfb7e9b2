/**
 * Bundles the program and its workers' module into scripts that share what both need, for executables and for the npm
 * package: they load some fifty scripts rather than eight hundred modules, each of which costs the start a third of a
 * millisecond.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { readBuild } from "./_read_build.ts";
import { entryModule, MAIN_SCRIPT, OUTPUT_FOLDER, WORKER_SCRIPT, workerEntryModule } from "./compile_plan.ts";

const ROOT = new URL("../", import.meta.url);

/** How the program names the module of its workers: by a URL, which no bundler follows. */
const WORKER_REFERENCE = 'new URL("./worker/entry.ts", import.meta.url)';

/** The program cannot be bundled. */
export class BundleError extends Error {
  override readonly name = "BundleError";
}

/**
 * Writes the scripts into a folder, in the place of everything that is in it.
 *
 * @throws {BundleError}
 */
export async function bundleProgram(folder: string): Promise<void> {
  const output = fileURLToPath(new URL(OUTPUT_FOLDER, ROOT));
  await Deno.mkdir(output, { recursive: true });
  // In the repository, whose deno.json names the packages; a folder of its own, because tests bundle side by side.
  const work = await Deno.makeTempDir({ dir: output, prefix: WORK_PREFIX });
  try {
    const entries = [`${work}/main.ts`, `${work}/worker.ts`] as const;
    await Deno.writeTextFile(entries[0], entryModule(await readBuild(ROOT)));
    await Deno.writeTextFile(entries[1], workerEntryModule());
    const made = `${work}/scripts`;
    await bundle(entries, made);
    const scripts = finishedScripts(await textsIn(made));
    await Deno.remove(folder, { recursive: true }).catch((error) => {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    });
    await Deno.mkdir(folder, { recursive: true });
    for (const [name, text] of scripts) {
      await Deno.writeTextFile(`${folder}/${name}`, text);
      // An executable records when its files were written.
      await Deno.utime(`${folder}/${name}`, WRITTEN, WRITTEN);
    }
  } finally {
    await Deno.remove(work, { recursive: true });
  }
}

const WRITTEN = new Date(0);
const WORK_PREFIX = ".bundle-";

/** Not minified, so that stack traces name functions, and without source maps, which the runtime would read at each start. */
async function bundle(entries: readonly string[], folder: string): Promise<void> {
  const flags = ["--quiet", "--platform", "deno", "--code-splitting", "--outdir", folder];
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["bundle", ...flags, ...entries],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
    stdout: "null",
    stderr: "piped",
  }).output();
  if (!success) throw new BundleError(bundleFailure(new TextDecoder().decode(stderr)));
}

/** What is wrong, from what a failed `deno bundle` said; `.ci/run` looks for {@link NO_BUNDLER}. */
export function bundleFailure(said: string): string {
  const reason = missingBundler(said);
  return reason === undefined
    ? `bundle the program: "deno bundle" failed\n${said.trim()}`
    : `${NO_BUNDLER}: ${reason}\n"deno bundle" runs it, and downloads it from the npm registry at its first use`;
}

const NO_BUNDLER = "bundle the program: no esbuild";

/** Why `deno bundle` could not fetch the program that it runs; `undefined` where something else made it fail. */
export function missingBundler(said: string): string | undefined {
  // Once that program runs, a failure ends with "bundling failed". A download that was tampered with is no lack of network.
  if (/^error: bundling failed$/m.test(said) || /checksum|integrity/i.test(said)) return undefined;
  const [, what] = /^error: (.*@esbuild(?:\/|%2f).*)$/im.exec(said) ?? [];
  if (what === undefined) return undefined;
  const [, cause] = /^Caused by:\n\s+(.+)$/m.exec(said) ?? [];
  return cause === undefined ? what : `${what}: ${cause}`;
}

/**
 * Returns the scripts with the workers' module where the bundle has it, and with nothing in them or their names that
 * depends on the machine: each makes the same bundle of a commit.
 *
 * @param made by name, what the bundler has written.
 * @throws {BundleError} unless the workers' module is named exactly once.
 */
export function finishedScripts(made: ReadonlyMap<string, string>): Map<string, string> {
  const count = [...made.values()].reduce((sum, text) => sum + text.split(WORKER_REFERENCE).length - 1, 0);
  if (count !== 1) {
    throw new BundleError(
      `bundle the program: ${WORKER_REFERENCE} is there ${count} times; expected once, in lib/workers`,
    );
  }
  const names = stableNames(made);
  return new Map([...names].map(([old, name]) => {
    const text = (made.get(old) ?? "")
      .replace(WORKER_REFERENCE, `new URL("./${WORKER_SCRIPT}", import.meta.url)`)
      .replaceAll(SCRIPT_NAME, (quoted, other: string) => {
        const renamed = names.get(other);
        return renamed === undefined ? quoted : `"./${renamed}"`;
      })
      .replaceAll(CACHED_PACKAGE, "// npm:$1")
      .replaceAll(WORK_FOLDER, "// ");
    return [name, text];
  }));
}

/** How scripts import each other. */
const SCRIPT_NAME = /"\.\/([\w.-]+\.js)"/g;

/** The comment before each module of a package: the cache's folder, the registry's, and from the package's name on. */
const CACHED_PACKAGE = /^\/\/ (?:.*\/)?npm\/(?:.+?\/)??((?:@[^/]+\/)?[^/]+\/\d+\.\d+\.\d+[^/]*\/.*)$/gm;
const WORK_FOLDER = new RegExp(`^// ${OUTPUT_FOLDER}/\\${WORK_PREFIX}[^/]+/`, "gm");

/** The bundler's names end with a hash of contents and paths; ours, with a number in the order of imports. */
function stableNames(made: ReadonlyMap<string, string>): Map<string, string> {
  const names = new Map([MAIN_SCRIPT, WORKER_SCRIPT].map((name) => [name, name]));
  for (const old of names.keys()) {
    for (const [, other = ""] of (made.get(old) ?? "").matchAll(SCRIPT_NAME)) {
      if (!made.has(other) || names.has(other)) continue;
      names.set(other, other.replace(/(?:-[A-Z0-9]{8})?\.js$/, `-${names.size - 1}.js`));
    }
  }
  return names;
}

async function textsIn(folder: string): Promise<Map<string, string>> {
  const texts = new Map<string, string>();
  for await (const { name } of Deno.readDir(folder)) {
    texts.set(name, await Deno.readTextFile(`${folder}/${name}`));
  }
  return texts;
}
